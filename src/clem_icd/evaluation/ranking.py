"""Ranks of a note's labels among all labels; no threshold is involved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clem_icd.decisions.arrays import BoolArray, FloatArray, IntArray, check_arrays, ratio, row_chunks

__all__ = [
    "CUTOFFS",
    "DEPTHS",
    "UNRANKED",
    "PositiveRanks",
    "Ranking",
    "rank_labels",
    "rank_positives",
    "recall_at",
]

CUTOFFS = (5, 8, 10, 15)
"""The values of k for which the field publishes precision@k and recall@k."""

DEPTHS = (30, 1000)
"""Ranks at which lists are truncated for average precision."""

UNRANKED = np.iinfo(np.int64).max
"""The rank of a label that the system did not list."""


@dataclass(frozen=True)
class PositiveRanks:
    """The rank of every label that a note carries, by note, then by label [positives].

    ``notes`` and ``labels`` are the shape of the matrix, ``note`` and ``label`` row and column of each
    positive. Its ``rank`` among all labels of the note counts from 0, or is `UNRANKED`.
    """

    notes: int
    labels: int
    note: NDArray[np.int64]
    label: NDArray[np.int64]
    rank: NDArray[np.int64]


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

    @classmethod
    def of(cls, ranks: PositiveRanks, cutoffs: Sequence[int] = CUTOFFS) -> Ranking:
        """Count hits and average precision from the ranks of the labels that the notes carry."""
        notes = ranks.notes
        order = np.lexsort((ranks.rank, ranks.note))
        note, rank = ranks.note[order], ranks.rank[order]
        positives = np.bincount(note, minlength=notes)

        def per_note(inside: BoolArray) -> NDArray[np.int64]:
            return np.bincount(note[inside], minlength=notes)

        def average(precision: NDArray[np.float64]) -> NDArray[np.float64]:
            return ratio(np.bincount(note, weights=precision, minlength=notes), positives)

        earlier_notes = np.cumsum(positives) - positives
        precision = (np.arange(1, len(note) + 1) - earlier_notes[note]) / (rank + 1.0)
        precision[rank == UNRANKED] = 0
        return cls(
            ranks.labels,
            positives,
            {k: per_note(rank < k) for k in cutoffs},
            per_note(rank < positives[note]),
            average(precision),
            {depth: average(np.where(rank < depth, precision, 0.0)) for depth in DEPTHS},
        )

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
    return Ranking.of(rank_positives(targets, scores), cutoffs)


def rank_positives(targets: BoolArray, scores: FloatArray, *, listed_only: bool = False) -> PositiveRanks:
    """Rank the labels that each note carries among all labels; ties are ranked in label order.

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    scores
        The system's scores [notes, labels].
    listed_only
        Whether a score of 0 means that the system did not list the label, which then has no rank.

    Raises
    ------
    ScoresError
        If the arrays do not match, are empty or contain NaN.

    """
    check_arrays(targets, scores)
    places, ranks = [np.zeros((2, 0), dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for rows in row_chunks(scores):
        ascending = np.sort(scores[rows], axis=1)
        for row, ordered in enumerate(ascending, start=rows.start):
            own = np.flatnonzero(targets[row])
            if len(own):
                found = _ranks(scores[row], ordered, own)
                ranks.append(np.where(scores[row, own] > 0, found, UNRANKED) if listed_only else found)
                places.append(np.stack([np.full(len(own), row), own]))
    note, label = np.concatenate(places, axis=1)
    notes, labels = scores.shape
    return PositiveRanks(notes, labels, note, label, np.concatenate(ranks))


def recall_at(depth: int, ranks: IntArray) -> float:
    """Return the share of positives that are among the ``depth`` highest scores of their note; 0/0 = 0.

    Parameters
    ----------
    ranks
        Their ranks, from 0 [positives].

    """
    return float(ratio(np.count_nonzero(ranks < depth), len(ranks)))


def _ranks(scores: FloatArray, ascending: FloatArray, own: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank some labels of a note among all of them, from 0 [own]."""
    not_above = np.searchsorted(ascending, scores[own], side="right")
    equal = not_above - np.searchsorted(ascending, scores[own], side="left")
    ranks = len(scores) - not_above
    for place in np.flatnonzero(equal > 1):
        ranks[place] += np.count_nonzero(scores[: own[place]] == scores[own[place]])
    return ranks
