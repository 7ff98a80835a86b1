"""F1 by how often a label was seen in training: where a system stands on rare codes."""

from __future__ import annotations

from dataclasses import dataclass

from clem_icd.decisions.arrays import BoolArray, FloatArray, IntArray
from clem_icd.decisions.frequency import bucket_masks
from clem_icd.decisions.rules import Rule
from clem_icd.evaluation.counts import LabelCounts, count_labels

__all__ = ["Bucket", "bucket_labels", "frequency_buckets"]


@dataclass(frozen=True)
class Bucket:
    """The labels with ``low`` to ``high`` training notes, and how well they were predicted.

    ``positives`` counts the pairs of a note and one of these labels in the evaluated split. ``high``
    is None where there is no upper end.
    """

    name: str
    low: int
    high: int | None
    labels: int
    positives: int
    micro_f1: float
    macro_f1: float


def frequency_buckets(
    targets: BoolArray, scores: FloatArray, threshold: float | FloatArray | Rule, train_counts: IntArray
) -> list[Bucket]:
    """Evaluate each group of labels that are about equally frequent in training.

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    scores
        What the system gave them [notes, labels].
    threshold
        A score strictly above it predicts the label; one for each label [labels], or a rule.
    train_counts
        Training notes of each label [labels].

    Returns
    -------
        From rare to frequent, without the buckets that no label falls into.

    Raises
    ------
    ScoresError
        If the arrays do not fit each other, hold nothing, or hold NaN.

    """
    return bucket_labels(count_labels(targets, scores, threshold), train_counts)


def bucket_labels(counts: LabelCounts, train_counts: IntArray) -> list[Bucket]:
    """Do what `frequency_buckets` does, from counts that are there already."""
    buckets = []
    for (name, low, high), inside in bucket_masks(train_counts, len(counts.positives)).items():
        own = counts.of(inside)
        buckets.append(
            Bucket(
                name,
                low,
                high,
                labels=int(inside.sum()),
                positives=int(own.positives.sum()),
                micro_f1=float(own.pooled().f1()[0]),
                macro_f1=float(own.f1().mean()),
            )
        )
    return buckets
