"""A corpus with both ICD-9 systems, which are easily confused, and an import that is read back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from clem_icd.corpus import Corpus, Note, corpus_writer
from clem_icd.icd import Code, CodeSystem, default_codebook
from clem_icd.scores import Scores
from clem_icd.scores.imports import FileOptions, Findings, ImportOptions, import_scores

CM, PCS = CodeSystem.ICD9CM, CodeSystem.ICD9PCS

# Without dots 372.3 equals 37.23; 00.66 begins with zeros, and 39.50 ends with one.
CODES = {
    "n1": (Code("486", CM), Code("00.66", PCS)),
    "n2": (Code("372.3", CM), Code("250.00", CM)),
    "n3": (Code("37.23", PCS), Code("39.50", PCS), Code("486", CM)),
    "n4": (),
}
ADMISSIONS = {"n1": "101", "n2": "102", "n3": "103", "n4": "104"}

Import = Callable[..., "Imported"]


class Imported:
    """The findings of an import, and the scores file that it wrote."""

    def __init__(self, findings: Findings, scores: Scores, corpus: Corpus) -> None:
        self.findings = findings
        self.scores = scores
        self.values = scores.of(corpus, "test")
        self._columns = {code.value: column for column, code in enumerate(corpus.codes)}

    def __getitem__(self, key: tuple[str, str]) -> float:
        note, code = key
        return float(self.values[self.scores.note_ids.index(note), self._columns[code]])

    @property
    def above_zero(self) -> set[tuple[str, str]]:
        """Pairs of note and code with a score above 0."""
        codes = list(self._columns)
        return {(self.scores.note_ids[row], codes[column]) for row, column in np.argwhere(self.values > 0)}


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """A corpus with four test notes, six labels and admissions; two validation notes share an admission."""
    path = tmp_path_factory.mktemp("icd9") / "corpus"
    with corpus_writer(
        path, name="icd9", source="test", options={}, inputs=[], codebook=default_codebook(), synthetic=True
    ) as writer:
        every = tuple(dict.fromkeys(code for codes in CODES.values() for code in codes))
        writer.write("train", [Note("t1", "A text.", every, admission_id="1")])
        writer.write(
            "validation", [Note(name, "A text.", every, admission_id="201") for name in ("v1", "v2")]
        )
        writer.write(
            "test",
            [Note(name, "A text.", codes, admission_id=ADMISSIONS[name]) for name, codes in CODES.items()],
        )
    return Corpus.open(path)


@pytest.fixture
def bring(corpus: Corpus, tmp_path: Path) -> Import:
    """Import a file for the test split, with the options of both levels."""

    def run(path: Path, *, split: str = "test", **options: Any) -> Imported:
        reading = {
            name: options.pop(name)
            for name in ("format", "columns", "labels", "by", "encoding")
            if name in options
        }
        out = tmp_path / "out" / "scores.parquet"
        findings = import_scores(
            path, corpus, split, out, ImportOptions(FileOptions(**reading), **options), force=True
        )
        return Imported(findings, Scores.read(out), corpus)

    return run


@pytest.fixture
def random_values(corpus: Corpus) -> npt.NDArray[np.float32]:
    """Random scores for the test split [notes, labels]."""
    values: npt.NDArray[np.float32] = np.random.default_rng(0).random(
        (corpus.size("test"), len(corpus.codes)), dtype=np.float32
    )
    return values
