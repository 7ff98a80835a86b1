"""From a scores file and a corpus to metrics.json."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from clem_icd.corpus import Corpus
from clem_icd.decisions import BoolArray, FloatArray, Threshold
from clem_icd.evaluation import evaluate, judge_known_labels, judge_scores
from clem_icd.scores import Scores


@pytest.fixture
def scores(little_corpus: Corpus) -> Scores:
    """Random scores for the test split, in another order than the corpus."""
    note_ids = little_corpus.note_ids("test")[::-1]
    values = np.random.default_rng(0).random((len(note_ids), len(little_corpus.codes)), dtype=np.float32)
    return Scores(tuple(note_ids), little_corpus.codes, values)


@pytest.mark.parametrize("judge", [judge_scores, judge_known_labels])
@pytest.mark.parametrize("profile", ["all", "edin2024"])
def test_targets_are_built_once_and_the_rule_decides_once(
    judge: Any, profile: str, scores: Scores, little_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: Counter[str] = Counter()
    build, decide = Corpus.targets, Threshold.decide

    def counted_targets(corpus: Corpus, split: str) -> NDArray[np.bool_]:
        calls[f"targets of {split}"] += 1
        return build(corpus, split)

    def counted_decisions(rule: Threshold, values: FloatArray) -> BoolArray:
        calls["decisions"] += 1
        return decide(rule, values)

    monkeypatch.setattr(Corpus, "targets", counted_targets)
    monkeypatch.setattr(Threshold, "decide", counted_decisions)
    judge(
        scores,
        little_corpus,
        "test",
        Threshold(0.5),
        threshold_source="given",
        profile=profile,
        resamples=2,
    )
    assert calls == {"targets of test": 1, "decisions": 1}


def test_metrics_and_error_tables_rest_on_the_same_decisions(scores: Scores, little_corpus: Corpus) -> None:
    document = judge_scores(
        scores, little_corpus, "test", Threshold(0.5), threshold_source="given", resamples=0
    )
    values = scores.of(little_corpus, "test")
    targets = little_corpus.targets("test")
    expected = evaluate(targets, values, 0.5, train_counts=little_corpus.train_counts())
    assert document["metrics"] == expected
    [levels] = [table for table in document["errors"] if table["dimension"] == "level"]
    [codes] = [group for group in levels["groups"] if group["name"] == "codes"]
    assert codes["given"] == np.count_nonzero(values > np.float32(0.5))
    assert codes["micro_f1"] == pytest.approx(expected["micro_f1"])


def test_error_tables_include_the_notes_that_a_profile_excludes(
    scores: Scores, little_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = little_corpus.targets("test")
    targets[0] = False
    monkeypatch.setattr(Corpus, "targets", lambda corpus, split: targets)
    document = judge_scores(
        scores,
        little_corpus,
        "test",
        Threshold(0.5),
        threshold_source="given",
        profile="edin2024",
        resamples=0,
    )
    assert document["notes"] == len(targets) - 1
    assert document["warnings"] == ["1 note without codes is excluded by the profile edin2024."]
    [lengths] = [table for table in document["errors"] if table["dimension"] == "note_length_words"]
    assert sum(group["notes"] for group in lengths["groups"]) == len(targets)
