"""What each policy buys on each metric, and what scaling does to the probabilities."""

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

__all__ = ["calibration_effects", "policy_effects"]

Splits = Mapping[str, tuple[BoolArray, FloatArray]]


def policy_effects(splits: Splits, train_counts: IntArray) -> list[dict[str, Any]]:
    """Choose a rule by every policy on the validation split, and evaluate it on every split.

    Parameters
    ----------
    splits
        By name, targets and scores [notes, labels]; one is ``validation``.
    train_counts
        Training notes of each label [labels].

    Returns
    -------
        One object for each policy, as json holds it: ``chosen`` says what in words and ``rule`` exactly,
        ``metrics`` are by split and name. Of a policy that such scores cannot have there is only ``refused``.

    """
    effects = []
    for name, policy in POLICIES.items():
        effect: dict[str, Any] = {"policy": name, "title": policy.title}
        try:
            rule = choose_rule(name, *splits["validation"], train_counts)
        except ScoresError as problem:
            effects.append(effect | {"refused": str(problem)})
            continue
        metrics = {split: evaluate(*arrays, rule, POLICY_METRICS) for split, arrays in splits.items()}
        effects.append(effect | {"chosen": rule.describe(), "rule": rule.as_json(), "metrics": metrics})
    return effects


def calibration_effects(splits: Splits) -> list[dict[str, Any]]:
    """Compare the probabilities of every split with what came true: as they are, and scaled on validation.

    Parameters
    ----------
    splits
        By name, targets and scores [notes, labels]; one is ``validation``.

    Returns
    -------
        One object for each scaling, as json holds it: the line through the logits, and ``calibration``
        by split.

    Raises
    ------
    ScoresError
        If a score is no probability.

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
