"""Metrics of scores, and their uncertainty. Numbers only: no note text, no pages, no torch.

A `Judgement` holds the targets, scores and decisions [notes, labels] of a split. `evaluate` computes metrics
from it; `intervals` and `compare_systems` also resample its notes. ``DEFINITIONS`` defines every metric name.
`metrics_document` collects the results in the ``metrics.json`` that ``reporting`` reads, and ``analysis``
breaks errors down by label, note and code.
"""

from clem_icd.evaluation.buckets import Bucket, frequency_buckets
from clem_icd.evaluation.calibration import Calibration, reliability
from clem_icd.evaluation.definitions import DEFINITIONS, Definition
from clem_icd.evaluation.document import METRICS_FORMAT, METRICS_FORMAT_VERSION, metrics_document
from clem_icd.evaluation.headlines import COMPARISON_METRICS, HEADLINES, POLICY_METRICS, SUMMARY_METRICS
from clem_icd.evaluation.identity import identity_of
from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.judging import judge_known_labels, judge_scores, judge_split
from clem_icd.evaluation.metrics import evaluate
from clem_icd.evaluation.policy_effects import calibration_effects, policy_effects
from clem_icd.evaluation.profiles import PROFILES, Profile
from clem_icd.evaluation.resampling import Interval, intervals
from clem_icd.evaluation.significance import Difference, compare_systems, holm
from clem_icd.evaluation.split_scores import SplitScores
from clem_icd.evaluation.thresholds_document import (
    THRESHOLDS_FORMAT,
    THRESHOLDS_FORMAT_VERSION,
    thresholds_document,
)

__all__ = [
    "COMPARISON_METRICS",
    "DEFINITIONS",
    "HEADLINES",
    "METRICS_FORMAT",
    "METRICS_FORMAT_VERSION",
    "POLICY_METRICS",
    "PROFILES",
    "SUMMARY_METRICS",
    "THRESHOLDS_FORMAT",
    "THRESHOLDS_FORMAT_VERSION",
    "Bucket",
    "Calibration",
    "Definition",
    "Difference",
    "Interval",
    "Judgement",
    "Profile",
    "SplitScores",
    "calibration_effects",
    "compare_systems",
    "evaluate",
    "frequency_buckets",
    "holm",
    "identity_of",
    "intervals",
    "judge_known_labels",
    "judge_scores",
    "judge_split",
    "metrics_document",
    "policy_effects",
    "reliability",
    "thresholds_document",
]
