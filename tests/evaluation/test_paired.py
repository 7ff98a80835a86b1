from __future__ import annotations

import numpy as np
import pytest

from clem_icd.errors import ScoresError
from clem_icd.evaluation import Judgement
from clem_icd.evaluation.paired import Pair

RANDOM = np.random.default_rng(3)
TARGETS = RANDOM.random((60, 5)) < 0.4
GOOD = np.clip(0.7 * TARGETS + 0.3 * RANDOM.random(TARGETS.shape), 0, 1)
POOR = RANDOM.random(TARGETS.shape)
METRICS = ("micro_f1", "map", "roc_auc_micro", "not_there")


def pair(first: str, other: str, *, groups: list[str] | None = None) -> Pair:
    scores = {"good": GOOD, "poor": POOR}
    judged = {name: Judgement.of(TARGETS, values, 0.5) for name, values in scores.items()}
    return Pair.of(
        (first, judged[first]),
        (other, judged[other]),
        title="these notes",
        metrics=METRICS,
        resamples=200,
        groups=groups,
    )


def test_difference_is_the_other_system_minus_the_first() -> None:
    found = pair("poor", "good")
    assert list(found.differences) == ["micro_f1", "map", "roc_auc_micro"]
    for name, (first, other) in found.values.items():
        difference = found.differences[name]
        assert difference.difference == pytest.approx(other - first)
        assert 0 < difference.low < difference.difference < difference.high
        assert difference.p_bootstrap < 0.01
    assert pair("good", "poor").differences["map"].difference < 0


def test_system_does_not_differ_from_itself() -> None:
    found = pair("good", "good").differences["micro_f1"]
    assert (found.difference, found.p_bootstrap, found.p_randomisation) == (0, 1, 1)


def test_groups_are_resampled_as_subjects() -> None:
    found = pair("poor", "good", groups=[f"s{number // 2}" for number in range(60)])
    assert found.unit == "subjects"


def test_judgements_of_different_codes_are_refused() -> None:
    one, other = Judgement.of(TARGETS, GOOD, 0.5), Judgement.of(~TARGETS, GOOD, 0.5)
    with pytest.raises(ScoresError, match="cannot be compared: the codes of 60 of 60 notes differ"):
        Pair.of(("one", one), ("other", other), title="these notes", metrics=METRICS)
