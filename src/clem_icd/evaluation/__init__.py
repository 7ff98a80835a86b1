"""How good are scores, how sure is that, and beside what may it stand?

The room takes targets and scores as arrays [notes, labels] and knows nothing of what made them; it
runs without torch. A `Judgement` reduces them to what metrics are made of: `evaluate` takes every
metric from it, `intervals` and `compare_systems` take it with resampled notes. ``DEFINITIONS`` says what
the names mean. Rules decide, and policies choose them on validation. `metrics_document` puts all
into the ``metrics.json`` that ``report`` and ``comparison`` read; ``analysis`` says where errors live,
``evidence`` judges spans.
"""

from __future__ import annotations

from clem_icd.evaluation.arrays import BoolArray, FloatArray, IntArray
from clem_icd.evaluation.buckets import Bucket, frequency_buckets
from clem_icd.evaluation.calibration import Calibration, reliability
from clem_icd.evaluation.definitions import DEFINITIONS, Definition
from clem_icd.evaluation.document import METRICS_FORMAT, METRICS_FORMAT_VERSION, metrics_document
from clem_icd.evaluation.identity import identity_of
from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.metrics import evaluate
from clem_icd.evaluation.policies import EDIN2024_GRID, POLICIES, Policy, PolicyName, choose_rule
from clem_icd.evaluation.policy_effects import (
    POLICY_METRICS,
    calibration_effects,
    policy_effects,
)
from clem_icd.evaluation.profiles import PROFILES, Profile
from clem_icd.evaluation.report import write_figures, write_learning_curves, write_report
from clem_icd.evaluation.resampling import Interval, intervals
from clem_icd.evaluation.rules import (
    ExpectedF1,
    LabelThresholds,
    Rule,
    Threshold,
    TopK,
    as_rule,
    rule_from_json,
    single_threshold,
)
from clem_icd.evaluation.scaling import Scaling, platt, temperature
from clem_icd.evaluation.significance import Difference, compare_systems, holm
from clem_icd.evaluation.spread import SEED_METRICS_FORMAT, SEED_METRICS_FORMAT_VERSION, spread
from clem_icd.evaluation.thresholds import PrecisionRecall, precision_recall_curve, threshold_curve

__all__ = [
    "DEFINITIONS",
    "EDIN2024_GRID",
    "METRICS_FORMAT",
    "METRICS_FORMAT_VERSION",
    "POLICIES",
    "POLICY_METRICS",
    "PROFILES",
    "SEED_METRICS_FORMAT",
    "SEED_METRICS_FORMAT_VERSION",
    "BoolArray",
    "Bucket",
    "Calibration",
    "Definition",
    "Difference",
    "ExpectedF1",
    "FloatArray",
    "IntArray",
    "Interval",
    "Judgement",
    "LabelThresholds",
    "Policy",
    "PolicyName",
    "PrecisionRecall",
    "Profile",
    "Rule",
    "Scaling",
    "Threshold",
    "TopK",
    "as_rule",
    "calibration_effects",
    "choose_rule",
    "compare_systems",
    "evaluate",
    "frequency_buckets",
    "holm",
    "identity_of",
    "intervals",
    "metrics_document",
    "platt",
    "policy_effects",
    "precision_recall_curve",
    "reliability",
    "rule_from_json",
    "single_threshold",
    "spread",
    "temperature",
    "threshold_curve",
    "write_figures",
    "write_learning_curves",
    "write_report",
]
