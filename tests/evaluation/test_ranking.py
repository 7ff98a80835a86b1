from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from clem_icd.evaluation.metrics import evaluate
from clem_icd.evaluation.ranking import rank_labels


def ranked(*hits: int) -> tuple[np.ndarray, np.ndarray]:
    """Make one note with labels in descending order of their scores."""
    targets = np.array([hits], dtype=bool)
    return targets, -np.arange(len(hits), dtype=np.float64)[np.newaxis]


def test_ranks_of_a_note_by_hand() -> None:
    # ranks of the note's three codes: 1, 3 and 7, among ten labels
    values = evaluate(*ranked(1, 0, 1, 0, 0, 0, 1, 0, 0, 0))
    assert values["precision_at_5"] == pytest.approx(2 / 5)
    assert values["precision_at_8"] == pytest.approx(3 / 8)
    assert values["precision_at_15"] == pytest.approx(3 / 10)  # ten labels only: 3 / min(15, 10)
    assert values["recall_at_5"] == pytest.approx(2 / 3)
    assert values["recall_at_8"] == values["recall_at_15"] == 1.0
    assert values["r_precision"] == pytest.approx(2 / 3)  # of the three highest, two are right
    assert values["map"] == pytest.approx((1 / 1 + 2 / 3 + 3 / 7) / 3)


def test_a_note_without_codes_counts_only_in_precision_at_k() -> None:
    coded, scores = ranked(1, 0, 1, 0, 0, 0, 1, 0, 0, 0)
    names = [name for k in (5, 8, 15) for name in (f"precision_at_{k}", f"recall_at_{k}")]
    names += ["r_precision", "map", "map_at_30"]
    alone = evaluate(coded, scores, profile=names)
    both = evaluate(np.vstack([coded, np.zeros_like(coded)]), np.vstack([scores, scores]), profile=names)
    assert list(alone) == list(both)
    for name, value in alone.items():
        expected = value / 2 if name.startswith("precision") else value
        assert both[name] == pytest.approx(expected), name


def test_ties_are_ranked_in_label_order() -> None:
    scores = np.full((1, 20), 0.5)
    for place in (0, 4, 5, 7, 8, 14, 15, 19):
        targets = np.arange(20)[np.newaxis] == place
        values = evaluate(targets, scores)
        assert values["map"] == pytest.approx(1 / (place + 1))
        assert [values[f"recall_at_{k}"] for k in (5, 8, 15)] == [place < 5, place < 8, place < 15]


def test_zero_and_minus_zero_are_equal_scores() -> None:
    targets = np.array([[False, True]])
    assert evaluate(targets, np.array([[-0.0, 0.0]]))["map"] == 1 / 2


def test_ranking_fields_have_one_value_per_note() -> None:
    targets = np.array([[1, 0, 1], [0, 0, 0], [0, 0, 1]], dtype=bool)
    scores = np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    ranking = rank_labels(targets, scores, cutoffs=(1, 2))
    assert ranking.positives.tolist() == [2, 0, 1]
    assert {k: hits.tolist() for k, hits in ranking.hits.items()} == {1: [1, 0, 1], 2: [1, 0, 1]}
    assert ranking.hits_at_positives.tolist() == [1, 0, 1]
    assert ranking.average_precision.tolist() == [(1 / 1 + 2 / 3) / 2, 0.0, 1.0]


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_ranking_metrics_with_many_ties_equal_a_plain_loop(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 12)))
    targets = data.draw(arrays.arrays(np.bool_, shape))
    scores = data.draw(arrays.arrays(np.float32, shape, elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])))
    values = evaluate(targets, scores)
    precision, recall, average = [], [], []
    for target, score in zip(targets.tolist(), scores.tolist(), strict=True):
        order = sorted(range(shape[1]), key=lambda label: (-score[label], label))
        hits = [rank for rank, label in enumerate(order, start=1) if target[label]]
        precision.append(sum(rank <= 8 for rank in hits) / min(8, shape[1]))
        if hits:
            recall.append(sum(rank <= 8 for rank in hits) / len(hits))
            average.append(sum(n / rank for n, rank in enumerate(hits, start=1)) / len(hits))
    assert values["precision_at_8"] == pytest.approx(sum(precision) / len(precision))
    assert values["recall_at_8"] == pytest.approx(sum(recall) / len(recall) if recall else 0.0)
    assert values["map"] == pytest.approx(sum(average) / len(average) if average else 0.0)
