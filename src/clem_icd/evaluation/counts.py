"""True positives, false positives and false negatives per label: what every thresholded metric is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clem_icd.decisions.arrays import BoolArray, ratio, row_chunks

__all__ = ["LabelCounts", "count_decisions"]


@dataclass(frozen=True)
class LabelCounts:
    """What a system got right and wrong on each label, for the notes as they are or resampled.

    ``notes`` is [...] and the other fields are [..., labels], where the dots stand for nothing or for
    resamples.
    """

    notes: NDArray[np.float64]
    true_positives: NDArray[np.float64]
    false_positives: NDArray[np.float64]
    false_negatives: NDArray[np.float64]

    @property
    def positives(self) -> NDArray[np.float64]:
        """Notes that carry the label [..., labels]."""
        return self.true_positives + self.false_negatives

    def precision(self) -> NDArray[np.float64]:
        """Precision of each label, 0 where nothing was predicted [..., labels]."""
        return ratio(self.true_positives, self.true_positives + self.false_positives)

    def recall(self) -> NDArray[np.float64]:
        """Recall of each label, 0 where no note carries it [..., labels]."""
        return ratio(self.true_positives, self.positives)

    def f1(self) -> NDArray[np.float64]:
        """F1 of each label, 0 where it was neither predicted nor there [..., labels]."""
        wrong = self.false_positives + self.false_negatives
        return ratio(2 * self.true_positives, 2 * self.true_positives + wrong)

    def jaccard(self) -> NDArray[np.float64]:
        """Notes that carry the label and were given it, of those with either, or 0 [..., labels]."""
        wrong = self.false_positives + self.false_negatives
        return ratio(self.true_positives, self.true_positives + wrong)

    def false_positive_rate(self) -> NDArray[np.float64]:
        """Notes given the label, of those that do not carry it, or 0 [..., labels]."""
        return ratio(self.false_positives, self.notes[..., np.newaxis] - self.positives)

    def of(self, labels: BoolArray) -> LabelCounts:
        """Keep some labels only [labels]."""
        return LabelCounts(
            self.notes,
            self.true_positives[..., labels],
            self.false_positives[..., labels],
            self.false_negatives[..., labels],
        )

    def pooled(self, inside: BoolArray | None = None) -> LabelCounts:
        """Add labels up into a single one, which makes a label's metric the micro metric.

        Parameters
        ----------
        inside
            Which labels to add [..., labels]; all without it.

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
    """Count hits and misses from which notes carry a label, and which were given it [notes, labels]."""
    hits = np.zeros(targets.shape[1], dtype=np.float64)
    predictions, positives = hits.copy(), hits.copy()
    for rows in row_chunks(targets):
        hits += np.count_nonzero(targets[rows] & decided[rows], axis=0)
        predictions += np.count_nonzero(decided[rows], axis=0)
        positives += np.count_nonzero(targets[rows], axis=0)
    return LabelCounts(np.asarray(float(len(targets))), hits, predictions - hits, positives - hits)
