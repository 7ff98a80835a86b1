"""The metrics document, ``metrics.json``: numbers together with what they are of and how they are defined."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

import numpy as np

from clem_icd.decisions.arrays import BoolArray, FloatArray, IntArray
from clem_icd.decisions.curves import precision_recall_curve, threshold_curve
from clem_icd.decisions.rules import Rule, Threshold, as_rule
from clem_icd.evaluation.buckets import frequency_buckets
from clem_icd.evaluation.calibration import reliability
from clem_icd.evaluation.definitions import DEFINITIONS
from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.resampling import intervals_document

__all__ = ["METRICS_FORMAT", "METRICS_FORMAT_VERSION", "metrics_document"]

METRICS_FORMAT = "clem-icd/metrics"
METRICS_FORMAT_VERSION = 1

_GRID = np.arange(1, 100) / 100
"""Thresholds 0.01, 0.02, … 0.99 of the curve in the document."""


def metrics_document(
    targets: BoolArray,
    scores: FloatArray,
    *,
    threshold: float | Rule,
    threshold_source: Literal["model", "given", "validation"],
    corpus: Mapping[str, Any],
    split: str,
    system: str = "clem-icd",
    profile: str = "all",
    train_counts: IntArray | None = None,
    identity: Mapping[str, str] | None = None,
    subjects: Sequence[str | None] | None = None,
    resamples: int = 0,
    errors: Sequence[Mapping[str, Any]] = (),
    warnings: Sequence[str] = (),
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Evaluate scores, and describe the result so that it can be read without its surroundings.

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    scores
        What the system gave them [notes, labels].
    threshold
        A score strictly above it predicts the label; or a rule that decides.
    threshold_source
        Whether it came with the model, was given by hand, or was chosen on validation scores now.
    corpus
        Its name, its source and whether it is synthetic; other entries are left out.
    split
        The evaluated split.
    system
        The system that gave the scores.
    profile
        Which metrics, on which notes: a name of ``PROFILES``.
    train_counts
        Training notes of each label [labels]; adds the label-frequency buckets.
    identity
        What `identity_of` says of the notes, labels and codes.
    subjects
        Whose note each is [notes]; intervals then resample subjects.
    resamples
        How often to resample for the intervals; without it there are none.
    errors
        What `error_groups` says.
    warnings
        Sentences that a reader of the metrics has to know.
    progress
        Called with a number of resamples that are done.

    Returns
    -------
        An object that json can hold; without ``train_counts`` its ``buckets`` are an empty list.

    Raises
    ------
    ScoresError
        If the arrays do not fit each other, hold nothing, or hold NaN.

    """
    rule = as_rule(threshold)
    judgement = Judgement.of(targets, scores, rule, profile=profile, train_counts=train_counts)
    targets, scores = judgement.targets, judgement.scores
    values = {name: float(value[0]) for name, value in judgement.values().items()}
    buckets = [] if train_counts is None else frequency_buckets(targets, scores, rule, train_counts)
    left_out = len(judgement.kept) - judgement.notes
    document = {
        "format": METRICS_FORMAT,
        "format_version": METRICS_FORMAT_VERSION,
        "corpus": {key: corpus.get(key) for key in ("name", "source", "synthetic")},
        "split": split,
        "notes": judgement.notes,
        "labels": judgement.labels,
        "profile": profile,
        "threshold": rule.value if isinstance(rule, Threshold) else None,
        "threshold_source": threshold_source,
        "rule": rule.as_json(),
        "system": system,
        "warnings": [*warnings, *_left_out(left_out, profile)],
        "metrics": values,
        "buckets": [asdict(bucket) for bucket in buckets],
        "definitions": {name: asdict(DEFINITIONS[name]) for name in values},
        "threshold_curve": _threshold_curve(targets, scores),
        "precision_recall_curve": _precision_recall(targets, scores),
    }
    if _are_probabilities(scores):
        document["calibration"] = reliability(targets, scores).as_json()
    if identity is not None:
        document["identity"] = dict(identity)
    if errors:
        document["errors"] = [dict(group) for group in errors]
    if resamples:
        document["intervals"] = intervals_document(
            judgement, resamples=resamples, groups=subjects, progress=progress
        )
    return document


def _are_probabilities(scores: FloatArray) -> bool:
    return bool(scores.min() >= 0 and scores.max() <= 1)


def _left_out(notes: int, profile: str) -> list[str]:
    if not notes:
        return []
    what = "note without codes was" if notes == 1 else "notes without codes were"
    return [f"{notes:,} {what} left out, as the profile {profile} does."]


def _threshold_curve(targets: BoolArray, scores: FloatArray) -> dict[str, list[float]]:
    return {"threshold": _GRID.tolist(), "micro_f1": threshold_curve(targets, scores, _GRID).tolist()}


def _precision_recall(targets: BoolArray, scores: FloatArray) -> dict[str, list[float]]:
    curve = precision_recall_curve(targets, scores)
    return {"recall": curve.recall.tolist(), "precision": curve.precision.tolist()}
