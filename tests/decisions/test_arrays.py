from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from clem_icd.decisions import arrays
from clem_icd.decisions.arrays import check_train_counts, ratio, row_chunks
from clem_icd.decisions.curves import threshold_curve
from clem_icd.errors import ScoresError
from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.metrics import evaluate
from clem_icd.evaluation.ranking import rank_labels

ENTRY_POINTS: list[Callable[[Any, Any], object]] = [
    evaluate,
    rank_labels,
    lambda targets, scores: Judgement.of(targets, scores, 0.5),
    lambda targets, scores: threshold_curve(targets, scores, np.array([0.5])),
]


@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
@pytest.mark.parametrize(
    ("targets", "scores", "message"),
    [
        (np.zeros((2, 3), bool), np.zeros((2, 4)), r"targets have shape \(2, 3\) and scores \(2, 4\)"),
        ([[True]], [[0.5]], r"targets are of type list and scores of type list, expected numpy arrays"),
        (np.zeros(3, bool), np.zeros(3), r"targets have shape \(3,\) and scores \(3,\)"),
        (np.zeros((0, 3), bool), np.zeros((0, 3)), "nothing to evaluate: 0 notes and 3 labels"),
        (np.zeros((3, 0), bool), np.zeros((3, 0)), "nothing to evaluate: 3 notes and 0 labels"),
        (np.zeros((2, 3), int), np.zeros((2, 3)), "targets have dtype int64"),
        (np.zeros((2, 3), bool), np.zeros((2, 3), bool), "scores bool"),
        (np.zeros((2, 3), bool), np.array([[0.0, 1.0, 2.0], [0.0, np.nan, 2.0]]), "row 2: a score is NaN"),
    ],
)
def test_every_entry_point_refuses_arrays_that_cannot_be_compared(
    entry_point: Callable[[Any, Any], object], targets: Any, scores: Any, message: str
) -> None:
    with pytest.raises(ScoresError, match=message):
        entry_point(targets, scores)


def test_the_row_of_a_nan_is_counted_across_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "_CELLS_PER_CHUNK", 6)
    scores = np.zeros((7, 3))
    scores[5, 1] = np.nan
    with pytest.raises(ScoresError) as caught:
        arrays.check_arrays(np.zeros((7, 3), bool), scores)
    assert caught.value.row == 6


@pytest.mark.parametrize(
    "counts", [np.zeros(4, int), np.zeros((3, 1), int), np.array([1, -1, 0]), np.zeros(3)]
)
def test_training_counts_must_be_one_whole_number_per_label(counts: Any) -> None:
    with pytest.raises(ScoresError, match="training counts"):
        check_train_counts(counts, 3)


def test_zero_divided_by_zero_is_zero_and_other_ratios_are_exact() -> None:
    assert ratio([0, 1, 0], [0, 4, 2]).tolist() == [0.0, 0.25, 0.0]


@pytest.mark.parametrize(("cells", "sizes"), [(1, [1] * 7), (6, [2, 2, 2, 1]), (100, [7])])
def test_chunks_cover_every_note_exactly_once(
    monkeypatch: pytest.MonkeyPatch, cells: int, sizes: list[int]
) -> None:
    monkeypatch.setattr(arrays, "_CELLS_PER_CHUNK", cells)
    chunks = list(row_chunks(np.zeros((7, 3))))
    assert [rows.stop - rows.start for rows in chunks] == sizes
    assert [row for rows in chunks for row in range(7)[rows]] == list(range(7))
