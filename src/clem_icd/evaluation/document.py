"""The metrics document, ``metrics.json``: metrics with their definitions and what was evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

import numpy as np

from clem_icd.corpus import about_for_results
from clem_icd.decisions.arrays import BoolArray, FloatArray
from clem_icd.decisions.curves import precision_recall_curve, threshold_curve
from clem_icd.decisions.rules import single_threshold
from clem_icd.evaluation.buckets import frequency_buckets
from clem_icd.evaluation.calibration import reliability
from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.resampling import intervals_document
from clem_icd.evaluation.scope import corpus_space, definition_over
from clem_icd.scores.ranked_file import RankedSpace

__all__ = ["METRICS_FORMAT", "METRICS_FORMAT_VERSION", "metrics_document"]

METRICS_FORMAT = "clem-icd/metrics"
METRICS_FORMAT_VERSION = 1

_GRID = np.arange(1, 100) / 100
"""The thresholds of the document's curve: 0.01, 0.02, … 0.99."""


def metrics_document(
    judgement: Judgement,
    *,
    threshold_source: Literal["model", "given", "validation"],
    corpus: Mapping[str, Any],
    split: str,
    system: str = "clem-icd",
    space: RankedSpace | None = None,
    label_space: Mapping[str, Any] | None = None,
    identity: Mapping[str, str] | None = None,
    subjects: Sequence[str | None] | None = None,
    resamples: int = 0,
    errors: Sequence[Mapping[str, Any]] = (),
    warnings: Sequence[str] = (),
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Compute the metrics of a judgement, and describe them so that the document can be read on its own.

    Parameters
    ----------
    judgement
        The scores and decisions of a split. Made with training counts, it adds label-frequency buckets.
    threshold_source
        Whether the rule came with the model, was given by the user, or was just chosen on validation scores.
    corpus
        Its name, its source and whether it is synthetic; other entries are ignored.
    split
        The evaluated split.
    system
        The system that produced the scores.
    space
        What was ranked, if the scores list only the best codes of each note.
    label_space
        The label space, as `SplitScores.label_space` describes it; by default that of the judgement.
    identity
        The checksums of `identity_of`.
    subjects
        The subject of each note, in the order of ``judgement.all_targets`` [all notes]; intervals then
        resample subjects.
    resamples
        Number of resamples for the intervals; 0 omits them.
    errors
        The tables of `error_groups`.
    warnings
        Sentences that a reader of the metrics has to know.
    progress
        Called with the number of resamples just finished.

    Returns
    -------
        A JSON-serialisable object; ``buckets`` is empty if the judgement has no training counts.

    """
    targets, scores = judgement.targets, judgement.scores
    values = {name: float(value[0]) for name, value in judgement.values().items()}
    document = {
        "format": METRICS_FORMAT,
        "format_version": METRICS_FORMAT_VERSION,
        "corpus": about_for_results(corpus),
        "split": split,
        "notes": judgement.notes,
        "labels": judgement.labels if space is None else space.size,
        "label_space": dict(label_space or corpus_space(judgement.labels)),
        "profile": judgement.profile,
        "threshold": single_threshold(judgement.rule),
        "threshold_source": threshold_source,
        "rule": judgement.rule.as_json(),
        "system": system,
        "warnings": [*warnings, *_excluded_notes(judgement)],
        "metrics": values,
        "buckets": [asdict(bucket) for bucket in frequency_buckets(judgement)],
        "definitions": {name: asdict(definition_over(name, space)) for name in values},
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


def _excluded_notes(judgement: Judgement) -> list[str]:
    notes = len(judgement.kept) - judgement.notes
    if not notes:
        return []
    what = "note without codes is" if notes == 1 else "notes without codes are"
    return [f"{notes:,} {what} excluded by the profile {judgement.profile}."]


def _threshold_curve(targets: BoolArray, scores: FloatArray) -> dict[str, list[float]]:
    return {"threshold": _GRID.tolist(), "micro_f1": threshold_curve(targets, scores, _GRID).tolist()}


def _precision_recall(targets: BoolArray, scores: FloatArray) -> dict[str, list[float]]:
    curve = precision_recall_curve(targets, scores)
    return {"recall": curve.recall.tolist(), "precision": curve.precision.tolist()}
