"""Precision, recall and F1 by training frequency: how well a system predicts rare and unseen codes."""

from __future__ import annotations

from dataclasses import dataclass

from clem_icd.decisions.frequency import BUCKETS
from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.ranking import recall_at

__all__ = ["Bucket", "frequency_buckets"]


@dataclass(frozen=True)
class Bucket:
    """The labels with ``low`` to ``high`` training notes, and how well they were predicted.

    ``positives`` counts the pairs of a note and one of these labels in the evaluated split. ``high``
    is None for the last bucket, which is open-ended. The micro metrics pool the decisions on these labels;
    ``recall_at_10`` and ``recall_at_50`` are the share of the positives that are among the 10 and the 50
    highest scores of their note, out of all labels. If a system ranks a whole code system, ``labels`` and
    ``macro_f1`` are about the labels of the corpus.
    """

    name: str
    low: int
    high: int | None
    labels: int
    positives: int
    micro_precision: float
    micro_recall: float
    micro_f1: float
    macro_f1: float
    recall_at_10: float
    recall_at_50: float


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
    pooled = counts.pooled()
    own = inside if judgement.scope is None else inside & judgement.scope.in_corpus
    ranks = judgement.ranks.rank[inside[judgement.ranks.label]]
    return Bucket(
        name,
        low,
        high,
        labels=int(own.sum()),
        positives=int(counts.positives.sum()),
        micro_precision=float(pooled.precision()[0]),
        micro_recall=float(pooled.recall()[0]),
        micro_f1=float(pooled.f1()[0]),
        macro_f1=float(judgement.counts.of(own).f1().mean()),
        recall_at_10=recall_at(10, ranks),
        recall_at_50=recall_at(50, ranks),
    )
