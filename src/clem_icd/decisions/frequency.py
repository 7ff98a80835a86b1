"""Groups of labels by their number of training notes."""

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
"""Name, minimum and maximum number of training notes, both inclusive."""


def bucket_masks(train_counts: IntArray, labels: int) -> dict[tuple[str, int, int | None], BoolArray]:
    """Return which labels belong to each of `BUCKETS`, without empty buckets [labels].

    Raises
    ------
    ScoresError
        If ``train_counts`` is not one whole number per label.

    """
    check_train_counts(train_counts, labels)
    masks = {
        (name, low, high): (train_counts >= low)
        & (train_counts <= (train_counts.max() if high is None else high))
        for name, low, high in BUCKETS
    }
    return {bucket: inside for bucket, inside in masks.items() if inside.any()}
