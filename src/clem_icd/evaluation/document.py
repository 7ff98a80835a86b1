"""The metrics document, ``metrics.json``: numbers together with what they are of and how they are defined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

import numpy as np

from clem_icd.evaluation.arrays import BoolArray, FloatArray, IntArray
from clem_icd.evaluation.buckets import frequency_buckets
from clem_icd.evaluation.definitions import DEFINITIONS
from clem_icd.evaluation.metrics import evaluate
from clem_icd.evaluation.thresholds import threshold_curve

__all__ = ["METRICS_FORMAT", "METRICS_FORMAT_VERSION", "metrics_document"]

METRICS_FORMAT = "clem-icd/metrics"
METRICS_FORMAT_VERSION = 1

_GRID = np.arange(1, 100) / 100
"""Thresholds 0.01, 0.02, … 0.99 of the curve in the document."""


def metrics_document(
    targets: BoolArray,
    scores: FloatArray,
    *,
    threshold: float,
    threshold_source: Literal["model", "given"],
    corpus: Mapping[str, Any],
    split: str,
    system: str = "clem-icd",
    train_counts: IntArray | None = None,
    warnings: Sequence[str] = (),
) -> dict[str, Any]:
    """Evaluate scores, and describe the result so that it can be read without its surroundings.

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    scores
        What the system gave them [notes, labels].
    threshold
        A score strictly above it predicts the label.
    threshold_source
        Whether the threshold came with the model or was given by hand.
    corpus
        Its name, its source and whether it is synthetic; other entries are left out.
    split
        The evaluated split.
    system
        The system that gave the scores.
    train_counts
        Training notes of each label [labels]; adds the label-frequency buckets.
    warnings
        Sentences that a reader of the metrics has to know.

    Returns
    -------
        An object that json can hold; without ``train_counts`` its ``buckets`` are an empty list.

    Raises
    ------
    ScoresError
        If the arrays do not fit each other, hold nothing, or hold NaN.

    """
    values = evaluate(targets, scores, threshold, train_counts=train_counts)
    buckets = [] if train_counts is None else frequency_buckets(targets, scores, threshold, train_counts)
    curve = threshold_curve(targets, scores, _GRID)
    return {
        "format": METRICS_FORMAT,
        "format_version": METRICS_FORMAT_VERSION,
        "corpus": {key: corpus.get(key) for key in ("name", "source", "synthetic")},
        "split": split,
        "notes": scores.shape[0],
        "labels": scores.shape[1],
        "threshold": float(threshold),
        "threshold_source": threshold_source,
        "system": system,
        "warnings": list(warnings),
        "metrics": values,
        "buckets": [asdict(bucket) for bucket in buckets],
        "definitions": {name: asdict(DEFINITIONS[name]) for name in values},
        "threshold_curve": {"threshold": _GRID.tolist(), "micro_f1": curve.tolist()},
    }
