"""True positives, false positives and false negatives per label: the basis of every thresholded metric."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clem_icd.decisions.arrays import BoolArray, ratio, row_chunks

__all__ = ["LabelCounts", "count_decisions"]


@dataclass(frozen=True)
class LabelCounts:
    """The hits and misses of a system on each label, for a split or for resamples of it.

    ``notes`` is [...] and the other fields are [..., labels], where the dots stand for nothing or for
    resamples.
    """

    notes: NDArray[np.float64]
    true_positives: NDArray[np.float64]
    false_positives: NDArray[np.float64]
    false_negatives: NDArray[np.float64]

    @property
    def positives(self) -> NDArray[np.float64]:
        """Number of notes with the label [..., labels]."""
        return self.true_positives + self.false_negatives

    def precision(self) -> NDArray[np.float64]:
        """Precision of each label, 0 if it was never predicted [..., labels]."""
        return ratio(self.true_positives, self.true_positives + self.false_positives)

    def recall(self) -> NDArray[np.float64]:
        """Recall of each label, 0 if no note has it [..., labels]."""
        return ratio(self.true_positives, self.positives)

    def f1(self) -> NDArray[np.float64]:
        """F1 of each label, 0 if it was neither predicted nor present [..., labels]."""
        wrong = self.false_positives + self.false_negatives
        return ratio(2 * self.true_positives, 2 * self.true_positives + wrong)

    def jaccard(self) -> NDArray[np.float64]:
        """Jaccard index of each label, 0 if it was neither predicted nor present [..., labels]."""
        wrong = self.false_positives + self.false_negatives
        return ratio(self.true_positives, self.true_positives + wrong)

    def false_positive_rate(self) -> NDArray[np.float64]:
        """False positive rate of each label, 0 if every note has it [..., labels]."""
        return ratio(self.false_positives, self.notes[..., np.newaxis] - self.positives)

    def of(self, labels: BoolArray) -> LabelCounts:
        """Select some labels [labels]."""
        return LabelCounts(
            self.notes,
            self.true_positives[..., labels],
            self.false_positives[..., labels],
            self.false_negatives[..., labels],
        )

    def pooled(self, inside: BoolArray | None = None) -> LabelCounts:
        """Sum labels into a single one, whose metrics are the micro metrics.

        Parameters
        ----------
        inside
            Which labels to sum [..., labels]; all by default.

        """
        part = np.ones(1, dtype=np.bool_) if inside is None else inside
        labels = self.true_positives.shape[-1] if inside is None else inside.sum(axis=-1)
        return LabelCounts(
            self.notes * labels,
            (self.true_positives * part).sum(axis=-1, keepdims=True),
            (self.false_positives * part).sum(axis=-1, keepdims=True),
            (self.false_negatives * part).sum(axis=-1, keepdims=True),
        )


def count_decisions(targets: BoolArray, decided: BoolArray) -> LabelCounts:
    """Count hits and misses of each label from targets and decisions [notes, labels]."""
    hits = np.zeros(targets.shape[1], dtype=np.float64)
    predictions, positives = hits.copy(), hits.copy()
    for rows in row_chunks(targets):
        hits += np.count_nonzero(targets[rows] & decided[rows], axis=0)
        predictions += np.count_nonzero(decided[rows], axis=0)
        positives += np.count_nonzero(targets[rows], axis=0)
    return LabelCounts(np.asarray(float(len(targets))), hits, predictions - hits, positives - hits)
