"""All metrics of a system on a split, by name; `definitions` says what each name means."""

from __future__ import annotations

import numpy as np

from clem_icd.evaluation.arrays import BoolArray, FloatArray, IntArray, ratio
from clem_icd.evaluation.buckets import bucket_labels
from clem_icd.evaluation.counts import LabelCounts, count_labels
from clem_icd.evaluation.ranking import rank_labels

__all__ = ["evaluate"]


def evaluate(
    targets: BoolArray,
    scores: FloatArray,
    threshold: float = 0.5,
    *,
    train_counts: IntArray | None = None,
) -> dict[str, float]:
    """Evaluate scores against the codes of the notes.

    A label is predicted where its score is strictly above the threshold, 0/0 is 0, and equal scores
    are ranked in the order of the labels. ``DEFINITIONS`` holds the definition of every name.

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    scores
        What the system gave them, probabilities or anything else that can be ordered [notes, labels].
    threshold
        On the scale of the scores.
    train_counts
        Training notes of each label [labels]; adds F1 per label-frequency bucket.

    Returns
    -------
        Shares from 0 to 1 by metric name.

    Raises
    ------
    ScoresError
        If the arrays do not fit each other, hold nothing, or hold NaN.

    """
    counts = count_labels(targets, scores, threshold)
    values = _micro(counts) | _macro(counts)
    values["exact_match"] = counts.exact_matches / counts.notes
    values |= rank_labels(targets, scores).metrics()
    if train_counts is not None:
        for bucket in bucket_labels(counts, train_counts):
            values[f"micro_f1_train_count_{bucket.name}"] = bucket.micro_f1
            values[f"macro_f1_train_count_{bucket.name}"] = bucket.macro_f1
    return values


def _micro(counts: LabelCounts) -> dict[str, float]:
    pooled = counts.pooled()
    return {
        "micro_precision": float(pooled.precision()[0]),
        "micro_recall": float(pooled.recall()[0]),
        "micro_f1": float(pooled.f1()[0]),
        "micro_f1_split_labels": float(counts.of(counts.positives > 0).pooled().f1()[0]),
    }


def _macro(counts: LabelCounts) -> dict[str, float]:
    precision, recall = float(counts.precision().mean()), float(counts.recall().mean())
    f1, in_split = counts.f1(), counts.positives > 0
    return {
        "macro_precision": precision,
        "macro_recall": recall,
        "macro_f1_all_labels": float(f1.mean()),
        "macro_f1_split_labels": float(ratio(f1[in_split].sum(), np.count_nonzero(in_split))),
        "macro_f1_caml": float(ratio(2 * precision * recall, precision + recall)),
    }
