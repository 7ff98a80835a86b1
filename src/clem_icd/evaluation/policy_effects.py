"""The effect of each decision policy on metrics, and of scaling on calibration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clem_icd.decisions.arrays import BoolArray, FloatArray, IntArray
from clem_icd.decisions.policies import POLICIES, choose_rule
from clem_icd.decisions.scaling import Scaling, platt, temperature
from clem_icd.errors import ScoresError
from clem_icd.evaluation.calibration import reliability
from clem_icd.evaluation.headlines import POLICY_METRICS
from clem_icd.evaluation.metrics import evaluate
from clem_icd.evaluation.scope import LabelScope, require_common

__all__ = ["calibration_effects", "policy_effects"]

Splits = Mapping[str, tuple[BoolArray, FloatArray]]


def policy_effects(
    splits: Splits, train_counts: IntArray, scopes: Mapping[str, LabelScope | None] | None = None
) -> list[dict[str, Any]]:
    """Choose a rule with every policy on the validation split, and evaluate it on every split.

    Parameters
    ----------
    splits
        Targets and scores by split [notes, labels]; ``validation`` is required.
    train_counts
        Number of training notes of each label of the validation split [labels].
    scopes
        How labels count that the corpus lacks, by split, if the scores are ranked: the splits may then have
        different labels.

    Returns
    -------
        One JSON object per policy: ``chosen`` describes the rule, ``rule`` holds it, and ``metrics`` has
        values by split and name. A policy that cannot be applied to these scores has only ``refused``, the
        reason.

    """
    effects = []
    scopes = scopes or {}
    for name, policy in POLICIES.items():
        effect: dict[str, Any] = {"policy": name, "title": policy.title}
        try:
            rule = choose_rule(name, *splits["validation"], train_counts)
            require_common(rule, scopes.get("validation"))
        except ScoresError as problem:
            effects.append(effect | {"refused": str(problem)})
            continue
        metrics = {
            split: evaluate(*arrays, rule, POLICY_METRICS, scope=scopes.get(split))
            for split, arrays in splits.items()
        }
        effects.append(effect | {"chosen": rule.describe(), "rule": rule.as_json(), "metrics": metrics})
    return effects


def calibration_effects(splits: Splits) -> list[dict[str, Any]]:
    """Measure calibration on every split, unscaled and with each scaling fitted on validation.

    Parameters
    ----------
    splits
        Targets and scores by split [notes, labels]; ``validation`` is required.

    Returns
    -------
        One JSON object per scaling: its slope and intercept, and ``calibration`` by split.

    Raises
    ------
    ScoresError
        If a score is not a probability.

    """
    scalings = {
        "none": None,
        "temperature": temperature(*splits["validation"]),
        "platt": platt(*splits["validation"]),
    }
    return [
        {
            "scaling": name,
            "slope": scaling.slope if scaling else 1.0,
            "intercept": scaling.intercept if scaling else 0.0,
            "calibration": {split: _calibration(scaling, *arrays) for split, arrays in splits.items()},
        }
        for name, scaling in scalings.items()
    ]


def _calibration(scaling: Scaling | None, targets: BoolArray, scores: FloatArray) -> dict[str, Any]:
    return reliability(targets, scaling.apply(scores) if scaling else scores).as_json()
