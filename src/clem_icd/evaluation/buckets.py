"""F1 by how often a label was seen in training: where a system stands on rare codes."""

from __future__ import annotations

from dataclasses import dataclass

from clem_icd.evaluation.arrays import BoolArray, FloatArray, IntArray, check_train_counts
from clem_icd.evaluation.counts import LabelCounts, count_labels
from clem_icd.evaluation.rules import Rule

__all__ = ["BUCKETS", "Bucket", "bucket_labels", "bucket_masks", "frequency_buckets"]

BUCKETS: tuple[tuple[str, int, int | None], ...] = (
    ("0", 0, 0),
    ("1_5", 1, 5),
    ("6_10", 6, 10),
    ("11_50", 11, 50),
    ("51_500", 51, 500),
    ("over_500", 501, None),
)
"""Name, and the least and the most training notes of a label in it; both are inside."""


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


def bucket_masks(train_counts: IntArray, labels: int) -> dict[tuple[str, int, int | None], BoolArray]:
    """Return which labels fall into each of `BUCKETS`, without the buckets that none falls into [labels].

    Raises
    ------
    ScoresError
        If ``train_counts`` is not one whole number for each of ``labels`` labels.

    """
    check_train_counts(train_counts, labels)
    masks = {
        (name, low, high): (train_counts >= low)
        & (train_counts <= (train_counts.max() if high is None else high))
        for name, low, high in BUCKETS
    }
    return {bucket: inside for bucket, inside in masks.items() if inside.any()}
