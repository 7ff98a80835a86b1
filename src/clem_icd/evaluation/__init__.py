"""How good are scores, and how sure is that? Numbers only: no text, no pages, no torch.

A `Judgement` reduces targets and scores [notes, labels] to what metrics are made of: `evaluate` takes every
metric from it, `intervals` and `compare_systems` take it with resampled notes. ``DEFINITIONS`` says what
the names mean. `metrics_document` puts all of it into the ``metrics.json`` that the room ``reporting`` reads;
``analysis`` says where errors are.
"""

from clem_icd.evaluation.buckets import Bucket, frequency_buckets
from clem_icd.evaluation.calibration import Calibration, reliability
from clem_icd.evaluation.definitions import DEFINITIONS, Definition
from clem_icd.evaluation.document import METRICS_FORMAT, METRICS_FORMAT_VERSION, metrics_document
from clem_icd.evaluation.identity import identity_of
from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.judging import judge_known_labels, judge_scores
from clem_icd.evaluation.metrics import evaluate
from clem_icd.evaluation.policy_effects import POLICY_METRICS, calibration_effects, policy_effects
from clem_icd.evaluation.profiles import PROFILES, Profile
from clem_icd.evaluation.resampling import Interval, intervals
from clem_icd.evaluation.significance import Difference, compare_systems, holm
from clem_icd.evaluation.thresholds_document import (
    THRESHOLDS_FORMAT,
    THRESHOLDS_FORMAT_VERSION,
    thresholds_document,
)

__all__ = [
    "DEFINITIONS",
    "METRICS_FORMAT",
    "METRICS_FORMAT_VERSION",
    "POLICY_METRICS",
    "PROFILES",
    "THRESHOLDS_FORMAT",
    "THRESHOLDS_FORMAT_VERSION",
    "Bucket",
    "Calibration",
    "Definition",
    "Difference",
    "Interval",
    "Judgement",
    "Profile",
    "calibration_effects",
    "compare_systems",
    "evaluate",
    "frequency_buckets",
    "holm",
    "identity_of",
    "intervals",
    "judge_known_labels",
    "judge_scores",
    "metrics_document",
    "policy_effects",
    "reliability",
    "thresholds_document",
]
