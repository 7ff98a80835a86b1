"""F1 by training frequency: how well a system predicts rare codes."""

from __future__ import annotations

from dataclasses import dataclass

from clem_icd.decisions.frequency import BUCKETS
from clem_icd.evaluation.judgement import Judgement

__all__ = ["Bucket", "frequency_buckets"]


@dataclass(frozen=True)
class Bucket:
    """The labels with ``low`` to ``high`` training notes, and how well they were predicted.

    ``positives`` counts the pairs of a note and one of these labels in the evaluated split. ``high``
    is None for the last bucket, which is open-ended.
    """

    name: str
    low: int
    high: int | None
    labels: int
    positives: int
    micro_f1: float
    macro_f1: float


def frequency_buckets(judgement: Judgement) -> list[Bucket]:
    """Evaluate each group of labels with similar training frequency.

    Parameters
    ----------
    judgement
        A judgement made with training counts; without them there are no buckets.

    Returns
    -------
        From rare to frequent, without empty buckets.

    """
    return [_bucket(judgement, *bucket) for bucket in BUCKETS if bucket[0] in judgement.buckets]


def _bucket(judgement: Judgement, name: str, low: int, high: int | None) -> Bucket:
    inside = judgement.buckets[name]
    counts = judgement.counts.of(inside)
    return Bucket(
        name,
        low,
        high,
        labels=int(inside.sum()),
        positives=int(counts.positives.sum()),
        micro_f1=float(counts.pooled().f1()[0]),
        macro_f1=float(counts.f1().mean()),
    )
