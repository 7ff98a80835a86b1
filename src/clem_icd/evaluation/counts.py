"""True positives, false positives and false negatives per label: what every thresholded metric is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clem_icd.evaluation.arrays import BoolArray, FloatArray, check_arrays, ratio, row_chunks

__all__ = ["LabelCounts", "count_labels"]


@dataclass(frozen=True)
class LabelCounts:
    """What a system got right and wrong on each label of some notes.

    ``true_positives``, ``false_positives`` and ``false_negatives`` are [labels]; ``exact_matches`` is
    the number of notes whose predicted set of labels is the target set.
    """

    notes: int
    true_positives: NDArray[np.int64]
    false_positives: NDArray[np.int64]
    false_negatives: NDArray[np.int64]
    exact_matches: int

    @property
    def positives(self) -> NDArray[np.int64]:
        """Notes that carry the label [labels]."""
        return self.true_positives + self.false_negatives

    def precision(self) -> NDArray[np.float64]:
        """Precision of each label, 0 where nothing was predicted [labels]."""
        return ratio(self.true_positives, self.true_positives + self.false_positives)

    def recall(self) -> NDArray[np.float64]:
        """Recall of each label, 0 where no note carries it [labels]."""
        return ratio(self.true_positives, self.positives)

    def f1(self) -> NDArray[np.float64]:
        """F1 of each label, 0 where it was neither predicted nor there [labels]."""
        wrong = self.false_positives + self.false_negatives
        return ratio(2 * self.true_positives, 2 * self.true_positives + wrong)

    def of(self, labels: BoolArray) -> LabelCounts:
        """Keep some labels only; ``exact_matches`` stays that of all labels."""
        return LabelCounts(
            self.notes,
            self.true_positives[labels],
            self.false_positives[labels],
            self.false_negatives[labels],
            self.exact_matches,
        )

    def pooled(self) -> LabelCounts:
        """Add all labels up into a single one, which makes a label's metric the micro metric."""
        return LabelCounts(
            self.notes,
            self.true_positives.sum(keepdims=True),
            self.false_positives.sum(keepdims=True),
            self.false_negatives.sum(keepdims=True),
            self.exact_matches,
        )


def count_labels(targets: BoolArray, scores: FloatArray, threshold: float) -> LabelCounts:
    """Count hits and misses of each label, where a label is predicted if its score is above the threshold.

    The threshold is rounded to the precision of the scores first, so that a score written as 0.1 is
    not above 0.1 because it was stored with fewer digits.

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    scores
        What the system gave them [notes, labels].
    threshold
        A score strictly above it predicts the label.

    Raises
    ------
    ScoresError
        If the arrays do not fit each other, hold nothing, or hold NaN.

    """
    check_arrays(targets, scores)
    limit = scores.dtype.type(threshold)
    hits = np.zeros(scores.shape[1], dtype=np.int64)
    predictions, positives, exact_matches = hits.copy(), hits.copy(), 0
    for rows in row_chunks(scores):
        target, predicted = targets[rows], scores[rows] > limit
        hits += np.count_nonzero(target & predicted, axis=0)
        predictions += np.count_nonzero(predicted, axis=0)
        positives += np.count_nonzero(target, axis=0)
        exact_matches += int(np.count_nonzero((target == predicted).all(axis=1)))
    return LabelCounts(len(scores), hits, predictions - hits, positives - hits, exact_matches)
