"""Groups of labels by how often they were seen in training."""

from __future__ import annotations

from clem_icd.decisions.arrays import BoolArray, IntArray, check_train_counts

__all__ = ["BUCKETS", "bucket_masks"]

BUCKETS: tuple[tuple[str, int, int | None], ...] = (
    ("0", 0, 0),
    ("1_5", 1, 5),
    ("6_10", 6, 10),
    ("11_50", 11, 50),
    ("51_500", 51, 500),
    ("over_500", 501, None),
)
"""Name, and the least and the most training notes of a label in it; both are inside."""


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
