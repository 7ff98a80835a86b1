"""The signs of a collapse have the values that can be counted by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from clem_icd.decisions import TopK
from clem_icd.errors import ScoresError
from clem_icd.evaluation import evaluate
from clem_icd.evaluation.collapse import TopCodes, constant_micro_f1, top_codes


def scores_of(*tops: set[int], labels: int = 6) -> np.ndarray:
    """Return scores that rank some labels of each note above all others [notes, labels]."""
    return np.array([[float(label in top) for label in range(labels)] for top in tops])


@pytest.mark.parametrize(
    ("tops", "expected"),
    [
        pytest.param([{0, 1}] * 3, TopCodes(2, 1.0), id="the same for every note"),
        pytest.param([{0, 1}, {2, 3}, {4, 5}], TopCodes(6, 0.0), id="never the same"),
        # The pairs share 2, 1 and 1 of 2.
        pytest.param([{0, 1}, {0, 1}, {1, 2}], TopCodes(3, 2 / 3), id="partly the same"),
        pytest.param([{0, 1}], TopCodes(2, 0.0), id="no pair"),
    ],
)
def test_codes_on_top_are_counted(tops: list[set[int]], expected: TopCodes) -> None:
    found = top_codes(scores_of(*tops), 2)
    assert found.distinct == expected.distinct
    assert found.overlap == pytest.approx(expected.overlap)


def test_equal_scores_are_on_top_in_label_order() -> None:
    assert top_codes(np.zeros((4, 6)), 2) == TopCodes(2, 1.0)


def test_more_codes_than_labels_are_all_labels() -> None:
    assert top_codes(scores_of({0}, {1}), 9) == TopCodes(6, 1.0)


def test_overlap_is_the_mean_over_all_pairs() -> None:
    scores = np.random.default_rng(0).normal(size=(30, 12)).astype(np.float32)
    tops = [set(np.flatnonzero(row)) for row in TopK(4).decide(scores)]
    shares = [len(one & other) / 4 for one, other in combinations(tops, 2)]
    found = top_codes(scores, 4)
    assert found.distinct == len(set.union(*tops))
    assert found.overlap == pytest.approx(np.mean(shares))


TARGETS = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 1]], dtype=np.bool_)


@pytest.mark.parametrize(
    ("train_counts", "expected"),
    [
        # One, two or three labels: 2 x 3 / (3 + 5), 2 x 4 / (6 + 5), 2 x 5 / (9 + 5).
        pytest.param([10, 5, 1], 6 / 8, id="one is best"),
        # 2 x 1 / (3 + 5), 2 x 2 / (6 + 5), 2 x 5 / (9 + 5): the order is that of training.
        pytest.param([1, 5, 10], 10 / 14, id="all are best"),
        pytest.param([4, 4, 4], 6 / 8, id="equally frequent labels in label order"),
    ],
)
def test_the_constant_has_the_best_number_of_codes(train_counts: list[int], expected: float) -> None:
    assert constant_micro_f1(TARGETS, np.array(train_counts)) == pytest.approx(expected)


def test_the_constant_has_the_micro_f1_of_an_evaluation() -> None:
    random = np.random.default_rng(1)
    targets = random.random((40, 25)) < random.random(25) * 0.4
    train_counts = random.integers(0, 50, 25)
    constant = np.tile(train_counts / 50, (40, 1))
    best = max(evaluate(targets, constant, TopK(k), ["micro_f1"])["micro_f1"] for k in range(1, 26))
    assert constant_micro_f1(targets, train_counts) == pytest.approx(best)


def test_notes_without_codes_have_a_constant_of_0() -> None:
    assert constant_micro_f1(np.zeros((3, 4), dtype=np.bool_), np.array([1, 2, 3, 4])) == 0


def test_counts_of_other_labels_are_refused() -> None:
    with pytest.raises(ScoresError, match="3 labels"):
        constant_micro_f1(TARGETS, np.array([1, 2]))
