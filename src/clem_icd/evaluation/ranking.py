"""Ranks of a note's labels among all labels; no threshold is involved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clem_icd.decisions.arrays import BoolArray, FloatArray, check_arrays, ratio, row_chunks

__all__ = ["CUTOFFS", "DEPTHS", "Ranking", "rank_labels"]

CUTOFFS = (5, 8, 10, 15)
"""The values of k for which the field publishes precision@k and recall@k."""

DEPTHS = (30, 1000)
"""Ranks at which lists are truncated for average precision."""


@dataclass(frozen=True)
class Ranking:
    """How high each note's labels are ranked; every array has one number per note [notes].

    ``positives`` is the number of labels of the note, ``hits[k]`` the number of them among the k highest
    scores, ``hits_at_positives`` the number among the ``positives`` highest scores. ``average_precision``,
    and ``average_precision_at`` for lists truncated at each of `DEPTHS`, are 0 for a note without codes.
    """

    labels: int
    positives: NDArray[np.int64]
    hits: dict[int, NDArray[np.int64]]
    hits_at_positives: NDArray[np.int64]
    average_precision: NDArray[np.float64]
    average_precision_at: dict[int, NDArray[np.float64]]

    def precision_at(self, k: int) -> NDArray[np.float64]:
        """Share of the k highest scores, or of all if there are fewer, that are the note's labels [notes]."""
        return self.hits[k] / min(k, self.labels)

    def recall_at(self, k: int) -> NDArray[np.float64]:
        """Share of the note's labels among the k highest scores [notes]."""
        return ratio(self.hits[k], self.positives)

    def r_precision(self) -> NDArray[np.float64]:
        """Share of the note's n labels among the n highest scores [notes]."""
        return ratio(self.hits_at_positives, self.positives)


def rank_labels(targets: BoolArray, scores: FloatArray, cutoffs: Sequence[int] = CUTOFFS) -> Ranking:
    """Rank the labels of every note by score, highest first; ties are ranked in label order.

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    scores
        The system's scores [notes, labels].
    cutoffs
        The values of k for precision@k and recall@k.

    Raises
    ------
    ScoresError
        If the arrays do not match, are empty or contain NaN.

    """
    check_arrays(targets, scores)
    notes, labels = scores.shape
    note, rank = _ranks_of_positives(targets, scores)
    positives = np.bincount(note, minlength=notes)

    def per_note(inside: BoolArray) -> NDArray[np.int64]:
        return np.bincount(note[inside], minlength=notes)

    def average(precision: NDArray[np.float64]) -> NDArray[np.float64]:
        return ratio(np.bincount(note, weights=precision, minlength=notes), positives)

    earlier_notes = np.cumsum(positives) - positives
    precision = (np.arange(1, len(note) + 1) - earlier_notes[note]) / (rank + 1)
    return Ranking(
        labels,
        positives,
        {k: per_note(rank < k) for k in cutoffs},
        per_note(rank < positives[note]),
        average(precision),
        {depth: average(np.where(rank < depth, precision, 0.0)) for depth in DEPTHS},
    )


def _ranks_of_positives(
    targets: BoolArray, scores: FloatArray
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the note and the rank, from 0, of every positive, sorted by note and rank [positives]."""
    notes, ranks = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for rows in row_chunks(scores):
        ascending = np.sort(scores[rows], axis=1)
        for row, ordered in enumerate(ascending, start=rows.start):
            own = np.flatnonzero(targets[row])
            if len(own):
                ranks.append(np.sort(_ranks(scores[row], ordered, own)))
                notes.append(np.full(len(own), row))
    return np.concatenate(notes), np.concatenate(ranks)


def _ranks(scores: FloatArray, ascending: FloatArray, own: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank some labels of a note among all of them, from 0 [own]."""
    not_above = np.searchsorted(ascending, scores[own], side="right")
    equal = not_above - np.searchsorted(ascending, scores[own], side="left")
    ranks = len(scores) - not_above
    for place in np.flatnonzero(equal > 1):
        ranks[place] += np.count_nonzero(scores[: own[place]] == scores[own[place]])
    return ranks
