"""Areas under ROC and precision-recall curves, pooled over notes and labels or averaged over labels.

All four are computed from one quantity: for every positive pair, how many notes (or pairs) score at least as
high. Equal scores count as one half under the ROC curve. The area under the precision-recall curve is average
precision, the area of steps: interpolating between points would promise precision that no threshold achieves
(Davis and Goadrich 2006).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from clem_icd.decisions.arrays import BoolArray, FloatArray, ratio, row_chunks

__all__ = ["AREAS", "Areas"]

AREAS = ("roc_auc_micro", "roc_auc_macro", "pr_auc_micro", "pr_auc_macro")

_EDGES = 1024
_PAIRS_AT_ONCE = 512

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Areas:
    """The areas under curves for a split, with every note counted once or with note weights.

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    scores
        The system's scores [notes, labels].

    """

    targets: BoolArray
    scores: FloatArray

    def values(self) -> dict[str, float]:
        """Return the areas; an area that is undefined for every label or pair is 0."""
        roc, precision = self._micro()
        roc_macro, precision_macro = self._macro()
        return dict(zip(AREAS, (roc, roc_macro, precision, precision_macro), strict=True))

    def weighted(self, weights: FloatArray) -> dict[str, Doubles]:
        """Return the areas with each note counted as often as its weight says [resamples].

        The pooled areas are computed on bins with edges at up to 1,024 scores of positives, with about
        equally many positives between them. They are exact if the positives have no more distinct scores;
        otherwise scores within a bin count as equal.

        Parameters
        ----------
        weights
            How often each note counts [resamples, notes].

        """
        weights = weights.astype(np.float32)
        roc, precision = self._weighted_micro(weights)
        roc_macro, precision_macro = self._weighted_macro(weights)
        return dict(zip(AREAS, (roc, roc_macro, precision, precision_macro), strict=True))

    def _micro(self) -> tuple[float, float]:
        own = np.sort(self.scores[self.targets])
        above, equal = np.zeros(len(own), dtype=np.int64), np.zeros(len(own), dtype=np.int64)
        for rows in row_chunks(self.scores):
            ascending = np.sort(self.scores[rows].ravel())
            not_above = np.searchsorted(ascending, own, side="right")
            above += ascending.size - not_above
            equal += not_above - np.searchsorted(ascending, own, side="left")
        negatives = self.scores.size - len(own)
        roc, precision = _sums(own, above, equal, negatives)
        return float(ratio(roc, len(own) * negatives)), float(ratio(precision, len(own)))

    def _macro(self) -> tuple[float, float]:
        labels = np.flatnonzero(self.targets.any(axis=0))
        roc, precision, both = 0.0, 0.0, 0
        for label in labels:
            column = np.ascontiguousarray(self.scores[:, label])
            own = np.sort(column[self.targets[:, label]])
            ascending = np.sort(column)
            not_above = np.searchsorted(ascending, own, side="right")
            equal = not_above - np.searchsorted(ascending, own, side="left")
            negatives = len(column) - len(own)
            own_roc, own_precision = _sums(own, len(column) - not_above, equal, negatives)
            precision += own_precision / len(own)
            if negatives:
                both += 1
                roc += own_roc / (len(own) * negatives)
        return float(ratio(roc, both)), float(ratio(precision, len(labels)))

    @cached_property
    def _histograms(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Count the positive and the negative pairs of each note by bin, from low to high [notes, bins]."""
        edges = np.unique(np.quantile(self.scores[self.targets], np.linspace(0, 1, _EDGES), method="lower"))
        bins, notes = 2 * len(edges) + 1, len(self.scores)
        both = np.zeros((2, notes * bins), dtype=np.float32)
        for rows in row_chunks(self.scores):
            # An even bin lies between two edges; an odd bin holds the scores equal to an edge.
            place = np.searchsorted(edges, self.scores[rows], side="left")
            place += np.searchsorted(edges, self.scores[rows], side="right")
            place += bins * np.arange(rows.stop - rows.start)[:, np.newaxis]
            cells = slice(bins * rows.start, bins * rows.stop)
            own = self.targets[rows]
            for histogram, inside in zip(both, (own, ~own), strict=True):
                histogram[cells] = np.bincount(place[inside], minlength=bins * (rows.stop - rows.start))
        positive, negative = both.reshape(2, notes, bins)
        return positive, negative

    def _weighted_micro(self, weights: NDArray[np.float32]) -> tuple[Doubles, Doubles]:
        if not self.targets.any():
            return np.zeros(len(weights)), np.zeros(len(weights))
        positive, negative = ((weights @ own).astype(np.float64) for own in self._histograms)
        positives, negatives = positive.sum(axis=1), negative.sum(axis=1)
        positives_at_least = positive[:, ::-1].cumsum(axis=1)[:, ::-1]
        negatives_at_least = negative[:, ::-1].cumsum(axis=1)[:, ::-1]
        below = negatives[:, np.newaxis] - negatives_at_least + negative / 2
        precision = ratio(positives_at_least, positives_at_least + negatives_at_least)
        return (
            ratio((positive * below).sum(axis=1), positives * negatives),
            ratio((positive * precision).sum(axis=1), positives),
        )

    def _weighted_macro(self, weights: NDArray[np.float32]) -> tuple[Doubles, Doubles]:
        sums = np.zeros((4, len(weights)))
        transposed = np.ascontiguousarray(weights.T)
        for labels in self._label_chunks():
            sums += self._weighted_labels(labels, transposed)
        roc, both, precision, positive = sums
        return ratio(roc, both), ratio(precision, positive)

    def _label_chunks(self) -> list[NDArray[np.int64]]:
        """Split the labels with positives into groups with about equally many positive pairs."""
        positives = np.count_nonzero(self.targets, axis=0)
        labels = np.flatnonzero(positives)
        if not len(labels):
            return []
        ends = np.flatnonzero(np.diff(np.cumsum(positives[labels]) // _PAIRS_AT_ONCE)) + 1
        return np.split(labels, ends)

    def _weighted_labels(self, labels: NDArray[np.int64], weights: NDArray[np.float32]) -> Doubles:
        """Sum areas over a group of labels, and count the labels for which they are defined [4, resamples].

        ``weights`` are [notes, resamples] here.
        """
        columns = np.ascontiguousarray(self.scores[:, labels].T)
        label, note = np.nonzero(self.targets[:, labels].T)
        own, own_weights = columns[label, note], weights[note]
        at_least = columns[label] >= own[:, np.newaxis]
        equal = columns[label] == own[:, np.newaxis]
        first = np.searchsorted(label, np.arange(len(labels)))

        def per_label(values: FloatArray) -> Doubles:
            summed: Doubles = np.add.reduceat(values, first, axis=0, dtype=np.float64)
            return summed

        all_at_least = at_least.astype(np.float32) @ weights
        all_equal = own_weights.copy()
        tied = np.flatnonzero(np.count_nonzero(equal, axis=1) > 1)
        all_equal[tied] = equal[tied].astype(np.float32) @ weights
        same = label[:, np.newaxis] == label
        own_at_least = (same & (own >= own[:, np.newaxis])).astype(np.float32) @ own_weights
        own_equal = (same & (own == own[:, np.newaxis])).astype(np.float32) @ own_weights

        positives = per_label(own_weights)
        negatives = weights.sum(axis=0, dtype=np.float64) - positives
        below = negatives[label] - (all_at_least - own_at_least) + (all_equal - own_equal) / 2
        roc = ratio(per_label(own_weights * below), positives * negatives)
        precision = ratio(per_label(own_weights * ratio(own_at_least, all_at_least)), positives)
        both = (positives > 0) & (negatives > 0)
        return np.stack(
            [
                (roc * both).sum(axis=0),
                both.sum(axis=0),
                precision.sum(axis=0),
                (positives > 0).sum(axis=0),
            ]
        )


def _sums(
    own: FloatArray, above: NDArray[np.int64], equal: NDArray[np.int64], negatives: int
) -> tuple[float, float]:
    """Sum, over positives, the number of negatives below each and the precision at each.

    ``own`` holds the scores of the positives in ascending order; ``above`` and ``equal`` count the scores
    above and equal to each of them.
    """
    not_above = np.searchsorted(own, own, side="right")
    own_above = len(own) - not_above
    own_equal = not_above - np.searchsorted(own, own, side="left")
    below = negatives - (above - own_above) - (equal - own_equal) / 2
    return float(below.sum()), float(((own_above + own_equal) / (above + equal)).sum())
