"""The thresholds document, beyond what the command line shows of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import CorpusError, ScoresError
from clem_icd.evaluation import (
    POLICY_METRICS,
    calibration_effects,
    policy_effects,
    thresholds_document,
)
from clem_icd.progress import Silent
from clem_icd.scores import Scores
from support import write_little_corpus


class Lines(Silent):
    """An observer that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def made_scores(corpus: Corpus, split: str, factor: float = 1.0) -> Scores:
    note_ids = tuple(corpus.note_ids(split))
    random = np.random.default_rng(len(note_ids))
    values = factor * random.random((len(note_ids), len(corpus.codes)), dtype=np.float32)
    return Scores(note_ids, corpus.codes, values)


def test_the_document_holds_every_policy_and_scaling_of_both_splits(little_corpus: Corpus) -> None:
    scores = {split: made_scores(little_corpus, split) for split in ("validation", "test")}
    observer = Lines()
    found: dict[str, Any] = thresholds_document(little_corpus, scores, observer=observer)
    splits = {
        split: (little_corpus.targets(split), one.of(little_corpus, split)) for split, one in scores.items()
    }
    assert found["policies"] == policy_effects(splits, little_corpus.train_counts())
    assert found["calibration"] == calibration_effects(splits)
    assert (found["format"], found["format_version"]) == ("clem-icd/thresholds", 1)
    assert found["notes"] == {"validation": 20, "test": 24}
    assert list(found["titles"]) == list(POLICY_METRICS)
    assert observer.lines == []


def test_scores_that_are_not_probabilities_have_no_calibration(little_corpus: Corpus) -> None:
    observer = Lines()
    scores = {"validation": made_scores(little_corpus, "validation", factor=5)}
    found = thresholds_document(little_corpus, scores, observer=observer)
    assert found["calibration"] == []
    [line] = observer.lines
    assert line.startswith("Calibration is left out. ")
    assert thresholds_document(little_corpus, scores) == found


def test_a_corpus_without_validation_and_scores_of_another_split_are_refused(
    little_corpus: Corpus, tmp_path: Path
) -> None:
    other = write_little_corpus(tmp_path / "other", sizes={"train": 30, "test": 10})
    with pytest.raises(CorpusError, match="no validation split"):
        thresholds_document(other, {"test": made_scores(other, "test")})
    with pytest.raises(ScoresError, match="do not match the split validation"):
        thresholds_document(little_corpus, {"validation": made_scores(little_corpus, "test")})
