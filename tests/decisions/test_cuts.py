"""The best threshold, compared with all possible thresholds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from clem_icd.decisions import arrays as own_arrays
from clem_icd.decisions.cuts import best_cut

Matrices = Callable[..., tuple[NDArray[np.bool_], NDArray[np.float32]]]


def f1(targets: NDArray[np.bool_], decided: NDArray[np.bool_]) -> float:
    return float(2 * (targets & decided).sum() / max(1, targets.sum() + decided.sum()))


def thresholds(scores: NDArray[Any]) -> list[Any]:
    """Return one threshold for each distinct set of decisions."""
    return [np.nextafter(scores.min(), -np.inf, dtype=scores.dtype), *np.unique(scores)]


numbers = st.one_of(st.sampled_from([0.0, 0.2, 0.5, 1.0]), st.floats(0, 1, width=32))


@settings(max_examples=100, deadline=None)
@given(data=st.data(), precision=st.sampled_from([np.float32, np.float64]))
def test_the_cut_has_the_highest_f1(data: st.DataObject, precision: type[np.floating[Any]]) -> None:
    shape = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 4)))
    targets = data.draw(arrays.arrays(np.bool_, shape))
    scores = data.draw(arrays.arrays(np.float32, shape, elements=numbers)).astype(precision)
    cut = best_cut(targets, scores)
    if not targets.any():
        assert cut is None
        return
    assert cut is not None
    found = scores > scores.dtype.type(cut)
    best = max(f1(targets, scores > threshold) for threshold in thresholds(scores))
    assert f1(targets, found) == best
    # Of equally good thresholds, the cut is the one that assigns the most labels.
    equals = [scores > one for one in thresholds(scores) if f1(targets, scores > one) == best]
    assert found.sum() == max(one.sum() for one in equals)


def test_the_cut_is_halfway_between_two_scores() -> None:
    targets = np.array([[True], [False], [False]])
    assert best_cut(targets, np.array([[0.75], [0.25], [0.125]])) == 0.5


def test_the_cut_separates_adjacent_floating_point_numbers() -> None:
    low = np.float32(0.1)
    for _ in range(4):
        high = np.nextafter(low, np.float32(1))
        scores = np.array([[high], [low]])
        cut = best_cut(np.array([[True], [False]]), scores)
        assert (scores > np.float32(cut or 1)).tolist() == [[True], [False]]
        low = high


@pytest.mark.parametrize("lowest", [0.0, 0.3, -7.0, 1e30])
def test_the_cut_may_be_below_every_score(lowest: float) -> None:
    scores = np.array([[lowest], [lowest]], dtype=np.float32)
    cut = best_cut(np.array([[True], [True]]), scores)
    assert cut is not None
    assert (scores > np.float32(cut)).all()


def test_only_selected_labels_are_pooled(matrices: Matrices) -> None:
    targets, scores = matrices(2)
    inside = np.arange(40) % 3 == 0
    assert best_cut(targets, scores, inside) == best_cut(targets[:, inside], scores[:, inside])
    assert best_cut(targets, scores, inside) != best_cut(targets, scores)


def test_the_cut_does_not_depend_on_the_chunk_size(
    matrices: Matrices, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets, scores = matrices(5)
    whole = best_cut(targets, scores)
    monkeypatch.setattr(own_arrays, "_CELLS_PER_CHUNK", 90)
    assert best_cut(targets, scores) == whole
