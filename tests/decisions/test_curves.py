from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from clem_icd.decisions import arrays as own_arrays
from clem_icd.decisions.curves import threshold_curve
from clem_icd.evaluation.metrics import evaluate

Matrices = Callable[..., tuple[NDArray[np.bool_], NDArray[np.float32]]]


def test_the_curve_by_hand() -> None:
    targets = np.array([[True, False], [True, False]])
    scores = np.array([[0.8, 0.6], [0.4, 0.2]])
    # above 0.1: all four, TP 2, FP 2: 4/6; above 0.4: TP 1, FP 1, FN 1: 2/4; above 0.6: TP 1, FN 1: 2/3
    grid = np.array([0.1, 0.4, 0.6, 0.8])
    assert threshold_curve(targets, scores, grid).tolist() == [4 / 6, 2 / 4, 2 / 3, 0.0]


@settings(max_examples=50, deadline=None)
@given(data=st.data(), precision=st.sampled_from([np.float32, np.float64]))
def test_the_curve_equals_evaluate_at_each_threshold(
    data: st.DataObject, precision: type[np.floating]
) -> None:
    shape = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 6)))
    numbers = st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0])
    targets = data.draw(arrays.arrays(np.bool_, shape))
    scores = data.draw(arrays.arrays(np.float64, shape, elements=numbers)).astype(precision)
    grid = data.draw(arrays.arrays(np.float64, st.integers(0, 8), elements=numbers))
    expected = [evaluate(targets, scores, float(threshold))["micro_f1"] for threshold in grid]
    assert threshold_curve(targets, scores, grid).tolist() == expected


def test_the_curve_does_not_depend_on_the_chunk_size(
    matrices: Matrices, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets, scores = matrices(3)
    grid = np.linspace(0, 1, 100)
    whole = threshold_curve(targets, scores, grid)
    monkeypatch.setattr(own_arrays, "_CELLS_PER_CHUNK", 90)
    assert (threshold_curve(targets, scores, grid) == whole).all()
    assert whole[-1] == 0.0
    assert whole[0] == pytest.approx(evaluate(targets, scores, 0.0)["micro_f1"])
