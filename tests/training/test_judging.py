"""What a run reads to be judged, and how often."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from clem_icd.corpus import Corpus
from clem_icd.evaluation.analysis import TokenStarts
from clem_icd.modeling import token_starts_of
from clem_icd.scores import Scores
from clem_icd.training import judge, judging, read_recipe, store_rule, train

ONCE = {
    "targets of validation": 1,
    "targets of test": 1,
    "validation.parquet": 1,
    "test.parquet": 1,
    "tokenizer": 1,
}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the targets, scores files and tokenizers are built or read."""
    calls: Counter[str] = Counter()
    build, read = Corpus.targets, Scores.read.__func__  # type: ignore[attr-defined]

    def targets(corpus: Corpus, split: str) -> NDArray[np.bool_]:
        calls[f"targets of {split}"] += split != "train"
        return build(corpus, split)

    def scores(cls: type[Scores], path: Path) -> Scores:
        calls[path.name] += 1
        found: Scores = read(cls, path)
        return found

    def starts(model: Path) -> TokenStarts | None:
        calls["tokenizer"] += 1
        return token_starts_of(model)

    monkeypatch.setattr(Corpus, "targets", targets)
    monkeypatch.setattr(Scores, "read", classmethod(scores))
    monkeypatch.setattr(judging, "token_starts_of", starts)
    return calls


@pytest.mark.usefixtures("without_report")
def test_targets_scores_and_tokenizer_are_read_once_per_run(
    little_corpus: Corpus, tmp_path: Path, counted: Counter[str]
) -> None:
    run = train(read_recipe("linear"), little_corpus, tmp_path / "run")
    assert +counted == ONCE
    metrics = (run / "metrics.json").read_bytes(), (run / "metrics-validation.json").read_bytes()

    counted.clear()
    judge(run, little_corpus)
    assert +counted == ONCE
    assert metrics == ((run / "metrics.json").read_bytes(), (run / "metrics-validation.json").read_bytes())

    counted.clear()
    store_rule(run, little_corpus, "per-code")
    assert +counted == ONCE
