"""From scores to codes: decision rules, the policies that choose them on validation, and calibration.

Everything takes targets and scores as numpy arrays [notes, labels], whichever system produced the scores. A
`Rule` turns scores into decisions and is stored with a model; a policy chooses a rule; a scaling turns scores
into calibrated probabilities.
"""

from clem_icd.decisions.arrays import BoolArray, FloatArray, IntArray
from clem_icd.decisions.curves import PrecisionRecall, precision_recall_curve, threshold_curve
from clem_icd.decisions.frequency import BUCKETS, bucket_masks
from clem_icd.decisions.policies import EDIN2024_GRID, POLICIES, Policy, PolicyName, choose_rule
from clem_icd.decisions.rules import (
    AtLeast,
    ExpectedF1,
    LabelThresholds,
    Rule,
    Threshold,
    TopK,
    as_rule,
    check_threshold,
    rule_from_json,
    single_threshold,
)
from clem_icd.decisions.scaling import Scaling, platt, temperature

__all__ = [
    "BUCKETS",
    "EDIN2024_GRID",
    "POLICIES",
    "AtLeast",
    "BoolArray",
    "ExpectedF1",
    "FloatArray",
    "IntArray",
    "LabelThresholds",
    "Policy",
    "PolicyName",
    "PrecisionRecall",
    "Rule",
    "Scaling",
    "Threshold",
    "TopK",
    "as_rule",
    "bucket_masks",
    "check_threshold",
    "choose_rule",
    "platt",
    "precision_recall_curve",
    "rule_from_json",
    "single_threshold",
    "temperature",
    "threshold_curve",
]
