"""Micro-F1 as a function of the threshold, for all thresholds of a grid in one pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clem_icd.evaluation.arrays import BoolArray, FloatArray, check_arrays, ratio, row_chunks

__all__ = ["threshold_curve"]


def threshold_curve(targets: BoolArray, scores: FloatArray, grid: FloatArray) -> NDArray[np.float64]:
    """Return the micro-F1 over all labels at each threshold, equal to that of `evaluate` there.

    Every score is sorted into the gap of the grid that it lies in, once; the predictions at a
    threshold are then the scores in all gaps above it.

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    scores
        What the system gave them [notes, labels].
    grid
        Thresholds in any order, rounded to the precision of the scores [grid].

    Returns
    -------
        Micro-F1 at each threshold, in the order of ``grid`` [grid].

    Raises
    ------
    ScoresError
        If the arrays do not fit each other, hold nothing, or hold NaN.

    """
    check_arrays(targets, scores)
    limits = np.asarray(grid).astype(scores.dtype)
    order = np.argsort(limits, kind="stable")
    ascending = limits[order]
    hits = np.zeros(len(limits) + 1, dtype=np.int64)
    predictions = hits.copy()
    for rows in row_chunks(scores):
        hits += _gaps(ascending, scores[rows][targets[rows]])
        predictions += _gaps(ascending, scores[rows].ravel())
    curve = np.empty(len(limits), dtype=np.float64)
    curve[order] = ratio(2 * _above(hits), _above(predictions) + np.count_nonzero(targets))
    return curve


def _gaps(ascending: FloatArray, scores: FloatArray) -> NDArray[np.int64]:
    """Count the scores by the number of thresholds strictly below them [grid + 1]."""
    return np.bincount(np.searchsorted(ascending, scores, side="left"), minlength=len(ascending) + 1)


def _above(gaps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the scores above each ascending threshold [grid]."""
    return gaps[::-1].cumsum()[::-1][1:]
