"""Signs that a system assigns the same codes to every note, whatever the note says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clem_icd.decisions.arrays import BoolArray, FloatArray, IntArray, check_train_counts, ratio, row_chunks
from clem_icd.decisions.rules import TopK

__all__ = ["TopCodes", "constant_micro_f1", "top_codes"]


@dataclass(frozen=True, slots=True)
class TopCodes:
    """How alike the k labels with the highest scores are from note to note.

    Attributes
    ----------
    distinct
        Number of labels that are among the k of any note: k if all notes have the same.
    overlap
        Mean over all pairs of notes of the share of their k labels that both have (Dice): 1 if all notes
        have the same, 0 if no two share any.

    """

    distinct: int
    overlap: float


def top_codes(scores: FloatArray, k: int) -> TopCodes:
    """Compare the k labels with the highest scores between notes; ties are ranked in label order.

    A label on top in n notes is shared by n (n - 1) / 2 pairs, so the mean over all pairs is exact and needs
    no pass over the pairs.

    Parameters
    ----------
    scores
        The system's scores [notes, labels].
    k
        Number of labels per note, at least 1; all labels if there are fewer.

    """
    notes, labels = scores.shape
    on_top = np.zeros(labels, dtype=np.int64)
    for rows in row_chunks(scores):
        on_top += np.count_nonzero(TopK(k).decide(scores[rows]), axis=0)
    shared = (on_top * (on_top - 1)).sum()
    return TopCodes(
        distinct=int(np.count_nonzero(on_top)),
        overlap=float(ratio(shared, notes * (notes - 1) * min(k, labels))),
    )


def constant_micro_f1(targets: BoolArray, train_counts: IntArray) -> float:
    """Return the micro-F1 of assigning the most frequent training labels to every note.

    Their number is the best for these notes. Among equally frequent labels, the first in label order come
    first.

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    train_counts
        Number of training notes with each label [labels].

    Raises
    ------
    ScoresError
        If ``train_counts`` is not one whole number per label.

    """
    notes, labels = targets.shape
    check_train_counts(train_counts, labels)
    most_frequent_first = np.argsort(-train_counts, kind="stable")
    hits = np.count_nonzero(targets, axis=0)[most_frequent_first].cumsum()
    assigned = notes * np.arange(1, labels + 1)
    return float(ratio(2 * hits, assigned + hits[-1]).max())
