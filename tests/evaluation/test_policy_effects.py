"""The table of policies agrees with the policies and the metrics."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from clem_icd.decisions.policies import POLICIES, choose_rule
from clem_icd.decisions.rules import rule_from_json
from clem_icd.decisions.scaling import platt, temperature
from clem_icd.errors import ScoresError
from clem_icd.evaluation.calibration import reliability
from clem_icd.evaluation.headlines import POLICY_METRICS
from clem_icd.evaluation.metrics import evaluate
from clem_icd.evaluation.policy_effects import calibration_effects, policy_effects

Drawn = tuple[NDArray[np.bool_], NDArray[np.float32]]
COUNTS = np.arange(40) * 20


@pytest.fixture
def splits(matrices: Callable[..., Drawn]) -> dict[str, Drawn]:
    return {"validation": matrices(0), "test": matrices(1, notes=20)}


def test_rules_are_chosen_on_validation_and_evaluated_on_every_split(splits: dict[str, Drawn]) -> None:
    effects = json.loads(json.dumps(policy_effects(splits, COUNTS), allow_nan=False))
    assert [effect["policy"] for effect in effects] == list(POLICIES)
    for effect in effects:
        rule = choose_rule(effect["policy"], *splits["validation"], COUNTS)
        assert rule_from_json(effect["rule"], 40) == rule
        assert effect["chosen"] == rule.describe()
        for split, arrays in splits.items():
            assert effect["metrics"][split] == evaluate(*arrays, rule, POLICY_METRICS)


def test_policies_that_need_probabilities_are_refused_for_other_scores(splits: dict[str, Drawn]) -> None:
    targets, scores = splits["validation"]
    effects = policy_effects({"validation": (targets, 5 * scores)}, COUNTS)
    refused = [effect["policy"] for effect in effects if "refused" in effect]
    assert refused == ["edin2024", "per-code", "expected-f1", "fixed"]
    assert all("metrics" in effect for effect in effects if effect["policy"] not in refused)
    with pytest.raises(ScoresError, match="expected probabilities"):
        calibration_effects({"validation": (targets, 5 * scores)})


def test_scalings_are_fitted_on_validation_and_evaluated_on_every_split(splits: dict[str, Drawn]) -> None:
    effects = json.loads(json.dumps(calibration_effects(splits), allow_nan=False))
    assert [effect["scaling"] for effect in effects] == ["none", "temperature", "platt"]
    fitted = [temperature(*splits["validation"]), platt(*splits["validation"])]
    assert [(one["slope"], one["intercept"]) for one in effects] == [
        (1, 0),
        *((line.slope, line.intercept) for line in fitted),
    ]
    targets, scores = splits["test"]
    expected = [scores, *(line.apply(scores) for line in fitted)]
    for effect, scaled in zip(effects, expected, strict=True):
        assert effect["calibration"]["test"] == reliability(targets, scaled).as_json()
