"""The best place to cut between scores, among all places there are."""

from __future__ import annotations

import numpy as np

from clem_icd.decisions.arrays import BoolArray, FloatArray, ratio, row_chunks

__all__ = ["best_cut"]


def best_cut(targets: BoolArray, scores: FloatArray, inside: BoolArray | None = None) -> float | None:
    """Return the threshold with the highest F1 of all notes and labels pooled; the smallest of equals.

    F1 changes only where the threshold passes a score, and passing the score of a pair that is not
    positive from above lowers it. So the best place is right below the score of a positive, and counting
    what lies above each of those tries all thresholds. The threshold is halfway to the next lower
    score, where no rounding of either moves a score across it.

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    scores
        What the system gave them [notes, labels].
    inside
        Which labels to pool [labels]; all without it.

    Returns
    -------
        None where there is no positive, so that every threshold has an F1 of 0.

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
    """Return the threshold between a score and the next lower one, or well below it if there is none."""
    lower = -np.inf
    for rows in row_chunks(scores):
        part = scores[rows][:, chosen]
        lower = max(lower, float(part.max(initial=-np.inf, where=part < cut)))
    if lower == -np.inf:
        return float(cut) - max(1.0, abs(float(cut)))
    middle = (lower + float(cut)) / 2
    # Between neighbours of the precision nothing is halfway, and the rounding may go up.
    return middle if scores.dtype.type(middle) < cut else lower
