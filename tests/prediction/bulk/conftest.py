"""A bulk run of the little corpus in shards of a few notes, which counts what it scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.explanation import Explainer
from clem_icd.modeling import ModelInfo, NoteScores
from clem_icd.prediction.bulk import (
    BulkResult,
    ModelSource,
    Notes,
    Opened,
    SplitNotes,
    Work,
    predict_notes,
    survey,
)
from clem_icd.prediction.split_scores import about_split
from fixtures.ranking import ExplainingSystem, ranking_info

SHARD = 5


class Counting(ExplainingSystem):
    """Counts the notes that it scores."""

    def __init__(self) -> None:
        self.scored = 0

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        for scores in super().score(texts):
            self.scored += 1
            yield scores


@dataclass
class Interrupting:
    """An observer that interrupts the run once some notes were scored."""

    after: int
    lines: list[str] = field(default_factory=list)

    def begin(self, task: str, total: int | None) -> None:
        self.total = total

    def advance(self, steps: int = 1) -> None:
        self.after -= steps
        if self.after < 0:
            raise KeyboardInterrupt

    def say(self, line: str) -> None:
        self.lines.append(line)


@dataclass
class Bulk:
    """A run whose pieces a test can exchange."""

    notes: Notes
    model: Path
    info: ModelInfo
    about: dict[str, Any]
    out: Path
    system: Any = field(default_factory=Counting)

    @property
    def parts(self) -> Path:
        return self.out.with_name(f"{self.out.name}.parts")

    @property
    def evidence(self) -> Path:
        return self.out.with_name("evidence.parquet")

    def run(self, *, explained: bool = False, observer: Any = None, **options: Any) -> BulkResult:
        self.system.scored = 0
        top = options.pop("top", None)
        return predict_notes(
            self.notes,
            survey(self.notes),
            ModelSource(self.model),
            Opened(self.system, self.info, Explainer(self.system, self.info) if explained else None),
            self.out,
            about=self.about,
            top=top,
            evidence=self.evidence if explained else None,
            work=Work(**options),
            observer=observer,
        )

    def interrupt(self, after: int, **options: Any) -> None:
        with pytest.raises(KeyboardInterrupt):
            self.run(observer=Interrupting(after), **options)

    def finished(self) -> list[str]:
        return sorted(path.name for path in self.parts.iterdir() if path.is_dir())


@pytest.fixture
def bulk(little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bulk:
    """A run of the 24 notes of the test split in five shards."""
    monkeypatch.setattr("clem_icd.prediction.bulk.surveying.SHARD_NOTES", SHARD)
    model = tmp_path / "model"
    model.mkdir()
    (model / "weights").write_text("1")
    info = ranking_info(little_corpus)
    about = about_split(info, little_corpus, "test", ())
    out = tmp_path / "out" / "scores.parquet"
    return Bulk(SplitNotes.of(little_corpus, "test"), model, info, about, out)
