"""Sums over notes, and the metrics computed from them: all metrics except the areas under curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clem_icd.decisions.arrays import BoolArray, ratio
from clem_icd.evaluation.counts import LabelCounts
from clem_icd.evaluation.ranking import CUTOFFS

__all__ = ["OVER_CODED_NOTES", "Totals"]

Doubles = NDArray[np.float64]

OVER_CODED_NOTES = frozenset(
    {"r_precision", "r_precision_split_labels", "map", "map_split_labels", "map_at_30"}
    | {f"recall_at_{k}{scope}" for k in CUTOFFS for scope in ("", "_split_labels")}
)
"""The means over notes with codes: they are undefined for notes without codes."""


@dataclass(frozen=True)
class Totals:
    """Sums over notes, each note counted as often as its weight says; all fields are linear in the weights.

    Attributes
    ----------
    counts
        Hits and misses of each label [resamples, labels].
    coded_notes
        Number of notes with at least one code [resamples].
    sums
        The sum over notes of each metric that is a mean over notes, by name [resamples].
    buckets
        The labels of each training-frequency bucket, by name [labels].
    in_corpus
        The labels that metrics per label, and those with true negatives, count [labels]; None for all.

    """

    counts: LabelCounts
    coded_notes: Doubles
    sums: Mapping[str, Doubles]
    buckets: Mapping[str, BoolArray]
    in_corpus: BoolArray | None = None

    def __add__(self, other: Totals) -> Totals:
        mine, theirs = self.counts, other.counts
        return Totals(
            LabelCounts(
                mine.notes + theirs.notes,
                mine.true_positives + theirs.true_positives,
                mine.false_positives + theirs.false_positives,
                mine.false_negatives + theirs.false_negatives,
            ),
            self.coded_notes + other.coded_notes,
            {name: total + other.sums[name] for name, total in self.sums.items()},
            self.buckets,
            self.in_corpus,
        )

    def metrics(self) -> dict[str, Doubles]:
        """Return every metric that is a function of sums [resamples]."""
        values = self._over_labels() | self._over_notes()
        for name, inside in self.buckets.items():
            own = self.counts.of(inside)
            values[f"micro_f1_train_count_{name}"] = own.pooled().f1()[..., 0]
            values[f"macro_f1_train_count_{name}"] = self._of_corpus(inside).f1().mean(axis=-1)
        return values

    def _over_labels(self) -> dict[str, Doubles]:
        counts = self._of_corpus()
        in_split = counts.positives > 0
        values = _micro(self.counts.pooled(), "") | _micro(counts.pooled(in_split), "_split_labels")
        if self.in_corpus is not None:
            values["fpr_micro"] = counts.pooled().false_positive_rate()[..., 0]
        per_label = {
            "macro_precision": counts.precision(),
            "macro_recall": counts.recall(),
            "macro_f1": counts.f1(),
            "jaccard_macro": counts.jaccard(),
            "fpr_macro": counts.false_positive_rate(),
        }
        split_labels = in_split.sum(axis=-1)
        for name, label_values in per_label.items():
            whole = "_all_labels" if name == "macro_f1" else ""
            values[name + whole] = label_values.mean(axis=-1)
            values[f"{name}_split_labels"] = ratio((label_values * in_split).sum(axis=-1), split_labels)
        values["macro_f1_caml"] = harmonic(values["macro_precision"], values["macro_recall"])
        never = (in_split & (counts.true_positives == 0)).sum(axis=-1)
        values["never_correct_split_labels"] = ratio(never, split_labels)
        return values

    def _of_corpus(self, inside: BoolArray | None = None) -> LabelCounts:
        """Return the counts of the labels of the corpus, or of those of them that are ``inside`` too."""
        if self.in_corpus is None:
            return self.counts if inside is None else self.counts.of(inside)
        return self.counts.of(self.in_corpus if inside is None else self.in_corpus & inside)

    def _over_notes(self) -> dict[str, Doubles]:
        values = {
            name: ratio(total, self.coded_notes if name in OVER_CODED_NOTES else self.counts.notes)
            for name, total in self.sums.items()
        }
        for k in CUTOFFS:
            values[f"f1_at_{k}"] = harmonic(values[f"precision_at_{k}"], values[f"recall_at_{k}"])
        values["instance_f1_caml"] = harmonic(values["instance_precision"], values["instance_recall"])
        return values


def _micro(pooled: LabelCounts, scope: str) -> dict[str, Doubles]:
    return {
        f"micro_precision{scope}": pooled.precision()[..., 0],
        f"micro_recall{scope}": pooled.recall()[..., 0],
        f"micro_f1{scope}": pooled.f1()[..., 0],
        f"jaccard_micro{scope}": pooled.jaccard()[..., 0],
        f"fpr_micro{scope}": pooled.false_positive_rate()[..., 0],
    }


def harmonic(one: Doubles, other: Doubles) -> Doubles:
    """Return the harmonic mean, 0 where both are 0."""
    return ratio(2 * one * other, one + other)
