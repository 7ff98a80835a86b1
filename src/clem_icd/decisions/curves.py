"""Micro-F1, micro-precision and micro-recall as functions of the threshold, many thresholds in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from clem_icd.decisions.arrays import BoolArray, FloatArray, check_arrays, ratio, row_chunks

__all__ = ["PrecisionRecall", "precision_recall_curve", "threshold_curve"]


@dataclass(frozen=True)
class PrecisionRecall:
    """Micro-recall in ascending order, and the micro-precision at each point [points]."""

    recall: NDArray[np.float64]
    precision: NDArray[np.float64]


def threshold_curve(targets: BoolArray, scores: FloatArray, grid: FloatArray) -> NDArray[np.float64]:
    """Return the micro-F1 over all labels at each threshold, equal to what `evaluate` returns for it.

    Each score is assigned to a gap between thresholds once; the predictions at a threshold are then the
    scores in all gaps above it.

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    scores
        The system's scores [notes, labels].
    grid
        Thresholds in any order, rounded to the precision of the scores [grid].

    Returns
    -------
        Micro-F1 at each threshold, in the order of ``grid`` [grid].

    Raises
    ------
    ScoresError
        If the arrays do not match, are empty or contain NaN.

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


def precision_recall_curve(targets: BoolArray, scores: FloatArray, points: int = 200) -> PrecisionRecall:
    """Return micro-precision and micro-recall as the threshold falls, at up to ``points`` thresholds.

    The thresholds lie between scores, with about equally many positives between them.

    Raises
    ------
    ScoresError
        If the arrays do not match, are empty or contain NaN.

    """
    check_arrays(targets, scores)
    own = np.sort(scores[targets])
    if not len(own):
        return PrecisionRecall(np.zeros(0), np.zeros(0))
    at = np.unique(own[np.linspace(0, len(own) - 1, points).round().astype(int)])
    hits, predictions = np.zeros(len(at) + 1, dtype=np.int64), np.zeros(len(at) + 1, dtype=np.int64)
    for rows in row_chunks(scores):
        hits += _gaps(at, scores[rows][targets[rows]], side="right")
        predictions += _gaps(at, scores[rows].ravel(), side="right")
    right, given = _above(hits)[::-1], _above(predictions)[::-1]
    return PrecisionRecall(recall=right / len(own), precision=right / given)


def _gaps(
    ascending: FloatArray, scores: FloatArray, side: Literal["left", "right"] = "left"
) -> NDArray[np.int64]:
    """Count scores by how many thresholds are below them ("left") or not above them ("right") [grid + 1]."""
    return np.bincount(np.searchsorted(ascending, scores, side=side), minlength=len(ascending) + 1)


def _above(gaps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the scores above each ascending threshold [grid]."""
    return gaps[::-1].cumsum()[::-1][1:]
