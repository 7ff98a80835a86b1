"""The single threshold with the highest F1, found exactly."""

from __future__ import annotations

import numpy as np

from clem_icd.decisions.arrays import BoolArray, FloatArray, ratio, row_chunks

__all__ = ["best_cut"]


def best_cut(targets: BoolArray, scores: FloatArray, inside: BoolArray | None = None) -> float | None:
    """Return the threshold with the highest F1 pooled over notes and labels; the smallest of equals.

    F1 changes only where the threshold crosses a score, and it falls when a descending threshold crosses
    the score of a negative. So the best threshold is just below the score of a positive, and it is enough
    to count the scores above each of those. The returned threshold is halfway to the next lower score, so
    that rounding does not move a score across it.

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    scores
        The system's scores [notes, labels].
    inside
        Which labels to pool [labels]; all by default.

    Returns
    -------
        None if there are no positives, since every threshold then has an F1 of 0.

    """
    chosen = slice(None) if inside is None else inside
    found = [scores[rows][:, chosen][targets[rows][:, chosen]] for rows in row_chunks(scores)]
    cuts, positives = np.unique(np.concatenate(found), return_counts=True)
    if not len(cuts):
        return None
    predictions = np.zeros(len(cuts), dtype=np.int64)
    for rows in row_chunks(scores):
        ascending = np.sort(scores[rows][:, chosen], axis=None)
        predictions += ascending.size - np.searchsorted(ascending, cuts, side="left")
    hits = positives[::-1].cumsum()[::-1]
    cut = cuts[int(np.argmax(ratio(2 * hits, predictions + hits[0])))]
    return _below(cut, scores, chosen)


def _below(cut: np.floating, scores: FloatArray, chosen: BoolArray | slice) -> float:
    """Return a threshold between a score and the next lower one, or well below the lowest score."""
    lower = -np.inf
    for rows in row_chunks(scores):
        part = scores[rows][:, chosen]
        lower = max(lower, float(part.max(initial=-np.inf, where=part < cut)))
    if lower == -np.inf:
        return float(cut) - max(1.0, abs(float(cut)))
    middle = (lower + float(cut)) / 2
    # Nothing lies between adjacent floating-point numbers, and their mean may round up.
    return middle if scores.dtype.type(middle) < cut else lower
