"""Metrics of the order in which a system puts the labels of a note; no threshold is involved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clem_icd.evaluation.arrays import BoolArray, FloatArray, check_arrays, ratio, row_chunks

__all__ = ["CUTOFFS", "Ranking", "rank_labels"]

CUTOFFS = (5, 8, 15)
"""The k of precision@k and recall@k that the field publishes."""


@dataclass(frozen=True)
class Ranking:
    """How high each note's own labels stand in its ranking; one number per note in every field.

    ``positives`` is the number of labels the note carries, ``hits[k]`` how many of them are among the
    k highest scores, ``hits_at_positives`` how many are among the ``positives`` highest scores, and
    ``average_precision`` is 0 for a note without codes.
    """

    labels: int
    positives: NDArray[np.int64]
    hits: dict[int, NDArray[np.int64]]
    hits_at_positives: NDArray[np.int64]
    average_precision: NDArray[np.float64]

    def metrics(self) -> dict[str, float]:
        """Average over the notes, each metric over the notes that its definition counts."""
        coded = self.positives > 0
        values: dict[str, float] = {}
        for k, hits in self.hits.items():
            values[f"precision_at_{k}"] = float(np.mean(hits / min(k, self.labels)))
            values[f"recall_at_{k}"] = _mean(ratio(hits, self.positives)[coded])
        values["r_precision"] = _mean(ratio(self.hits_at_positives, self.positives)[coded])
        values["map"] = _mean(self.average_precision[coded])
        return values


def rank_labels(targets: BoolArray, scores: FloatArray, cutoffs: Sequence[int] = CUTOFFS) -> Ranking:
    """Sort the labels of every note by score, highest first; equal scores keep the order of the labels.

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    scores
        What the system gave them [notes, labels].
    cutoffs
        The k of the metrics at k.

    Raises
    ------
    ScoresError
        If the arrays do not fit each other, hold nothing, or hold NaN.

    """
    check_arrays(targets, scores)
    notes, labels = scores.shape
    hits = {k: np.zeros(notes, dtype=np.int64) for k in cutoffs}
    hits_at_positives = np.zeros(notes, dtype=np.int64)
    average_precision = np.zeros(notes, dtype=np.float64)
    positives = np.count_nonzero(targets, axis=1)
    for rows in row_chunks(scores):
        order = np.argsort(-scores[rows], axis=1, kind="stable")
        ranked = np.take_along_axis(targets[rows], order, axis=1)
        for k in cutoffs:
            hits[k][rows] = np.count_nonzero(ranked[:, :k], axis=1)
        inside = np.arange(labels) < positives[rows, np.newaxis]
        hits_at_positives[rows] = np.count_nonzero(ranked & inside, axis=1)
        average_precision[rows] = _average_precision(ranked, positives[rows])
    return Ranking(labels, positives, hits, hits_at_positives, average_precision)


def _average_precision(ranked: BoolArray, positives: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean, over a note's labels, of the precision at the rank of each [notes]."""
    note, place = np.nonzero(ranked)
    earlier_notes = np.cumsum(positives) - positives
    hits_so_far = np.arange(1, len(note) + 1) - earlier_notes[note]
    total = np.bincount(note, weights=hits_so_far / (place + 1), minlength=len(ranked))
    return ratio(total, positives)


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else 0.0
