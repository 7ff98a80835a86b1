from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from clem_icd.decisions.frequency import BUCKETS
from clem_icd.errors import ScoresError
from clem_icd.evaluation.buckets import Bucket, frequency_buckets
from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.metrics import evaluate

TARGETS = np.array([[1, 1, 0, 1], [1, 0, 0, 0]], dtype=bool)
SCORES = np.array([[0.9, 0.1, 0.9, 0.1], [0.9, 0.1, 0.1, 0.1]])
# label 1: TP 2; label 2: FN 1; label 3: FP 1; label 4: FN 1

MISSED = dict.fromkeys(("micro_precision", "micro_recall", "micro_f1", "macro_f1"), 0.0) | dict.fromkeys(
    ("recall_at_10", "recall_at_50"), 1.0
)


def buckets_of(train_counts: NDArray[np.int64]) -> list[Bucket]:
    return frequency_buckets(Judgement.of(TARGETS, SCORES, 0.5, train_counts=train_counts))


def test_buckets_by_hand() -> None:
    assert buckets_of(np.array([501, 3, 900, 0])) == [
        Bucket("0", 0, 0, 1, 1, **MISSED),
        Bucket("1_5", 1, 5, 1, 1, **MISSED),
        # labels 1 and 3: TP 2, FP 1, FN 0; F1 of each: 1 and 0
        Bucket(
            "over_500",
            501,
            None,
            labels=2,
            positives=2,
            micro_precision=2 / 3,
            micro_recall=1.0,
            micro_f1=4 / 5,
            macro_f1=1 / 2,
            recall_at_10=1.0,
            recall_at_50=1.0,
        ),
    ]


def test_recall_at_a_rank_counts_the_codes_of_the_bucket_among_all_labels() -> None:
    # Of two unseen labels, one is ranked 11th and one 51st; the others are in training.
    targets = np.zeros((1, 60), dtype=bool)
    targets[0, [10, 50, 59]] = True
    scores = np.linspace(0.9, 0.1, 60)[np.newaxis]
    counts = np.full(60, 7)
    counts[[9, 10, 50]] = 0
    targets[0, 9] = True
    unseen, seen = frequency_buckets(Judgement.of(targets, scores, 0.5, train_counts=counts))
    assert (unseen.positives, unseen.recall_at_10, unseen.recall_at_50) == (3, 1 / 3, 2 / 3)
    assert (seen.positives, seen.recall_at_10, seen.recall_at_50) == (1, 0, 0)


@pytest.mark.parametrize(
    ("count", "name"),
    [
        (0, "0"),
        (1, "1_5"),
        (5, "1_5"),
        (6, "6_10"),
        (10, "6_10"),
        (11, "11_50"),
        (50, "11_50"),
        (51, "51_500"),
        (500, "51_500"),
        (501, "over_500"),
        (10**7, "over_500"),
    ],
)
def test_both_ends_of_a_bucket_are_inclusive(count: int, name: str) -> None:
    buckets = buckets_of(np.full(4, count))
    assert [bucket.name for bucket in buckets] == [name]
    assert buckets[0].labels == 4


def test_buckets_leave_no_gap() -> None:
    for (_, _, high), (_, low, _) in pairwise(BUCKETS):
        assert high is not None
        assert low == high + 1


def test_a_bucket_with_all_labels_has_the_metrics_of_all_labels() -> None:
    values = evaluate(TARGETS, SCORES, train_counts=np.full(4, 7))
    assert values["micro_f1_train_count_6_10"] == values["micro_f1"]
    assert values["macro_f1_train_count_6_10"] == values["macro_f1_all_labels"]
    assert not [name for name in values if "train_count" in name and not name.endswith("_6_10")]


def test_training_counts_for_other_labels_are_refused() -> None:
    with pytest.raises(ScoresError, match=r"have shape \(3,\), expected \(4,\) for 4 labels"):
        evaluate(TARGETS, SCORES, train_counts=np.array([1, 2, 3]))
