"""What each rule decides, that it decides for every note alone, and that json keeps it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from clem_icd.decisions import arrays as own_arrays
from clem_icd.decisions.rules import (
    ExpectedF1,
    LabelThresholds,
    Rule,
    Threshold,
    TopK,
    as_rule,
    rule_from_json,
    single_threshold,
)
from clem_icd.errors import ScoresError
from clem_icd.evaluation.metrics import evaluate

RULES: list[Rule] = [
    Threshold(0.25),
    LabelThresholds(np.array([0.1, 0.2, 0.3, 0.4, 0.5])),
    TopK(2),
    ExpectedF1(0.8, -0.3),
]
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)

# Few different numbers, so that there are ties.
probabilities = st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.3, 0.5, 0.9, 1.0])


@pytest.mark.parametrize("value", [0.1, 0.3, 1 / 99, 77 / 99])
def test_a_threshold_is_rounded_to_the_precision_of_the_scores(value: float) -> None:
    at = np.float32(value)
    scores = np.array([[np.nextafter(at, np.float32(-1)), at, np.nextafter(at, np.float32(2))]])
    assert Threshold(value).decide(scores).tolist() == [[False, False, True]]
    assert LabelThresholds(np.full(3, value)).decide(scores).tolist() == [[False, False, True]]


def test_each_label_has_its_own_threshold() -> None:
    scores = np.full((2, 3), 0.5, dtype=np.float32)
    decided = LabelThresholds(np.array([0.4, 0.5, 0.6])).decide(scores)
    assert decided.tolist() == [[True, False, False]] * 2


def test_of_equal_scores_the_first_labels_are_the_highest() -> None:
    scores = np.array([[0.2, 0.5, 0.5, 0.5], [0.9, 0.1, 0.3, 0.3]], dtype=np.float32)
    assert TopK(2).decide(scores).tolist() == [[False, True, True, False], [True, False, True, False]]


@pytest.mark.parametrize("k", [3, 4, 100])
def test_of_fewer_labels_all_are_the_highest(k: int) -> None:
    assert TopK(k).decide(np.zeros((2, 3), dtype=np.float32)).all()


def test_expected_f1_sees_calibrated_probabilities() -> None:
    scores = np.array([[0.6, 0.3, 0.3, 0.01]], dtype=np.float32)
    assert ExpectedF1(1, 0).decide(scores).tolist() == [[True, True, True, False]]
    # All of them being far less likely than they look, a second one is not worth it.
    assert ExpectedF1(1, -6).decide(scores).tolist() == [[True, False, False, False]]


@each_rule
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_notes_do_not_depend_on_each_other(rule: Rule, data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(1, 6), st.just(5)))
    scores = data.draw(arrays.arrays(np.float32, shape, elements=probabilities.map(np.float32)))
    order = data.draw(st.permutations(range(len(scores))))
    decided = rule.decide(scores)
    assert decided.dtype == np.bool_
    assert decided.shape == scores.shape
    assert (rule.decide(scores[order]) == decided[order]).all()
    assert all(
        (rule.decide(one[np.newaxis])[0] == own).all() for one, own in zip(scores, decided, strict=True)
    )


@each_rule
def test_the_size_of_a_chunk_changes_nothing(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = np.random.default_rng(0).random((40, 5)).astype(np.float32)
    whole = rule.decide(scores)
    monkeypatch.setattr(own_arrays, "_CELLS_PER_CHUNK", 15)
    assert (rule.decide(scores) == whole).all()


@each_rule
def test_json_keeps_a_rule(rule: Rule) -> None:
    read = rule_from_json(json.loads(json.dumps(rule.as_json(), allow_nan=False)), labels=5)
    assert read == rule
    assert hash(read) == hash(rule)


@given(values=arrays.arrays(np.float64, 4, elements=st.floats(allow_nan=False, allow_infinity=False)))
def test_json_keeps_every_digit(values: NDArray[np.float64]) -> None:
    text = json.dumps(LabelThresholds(values).as_json())
    assert rule_from_json(json.loads(text), labels=4) == LabelThresholds(values)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({}, "kind None"),
        ({"kind": ["threshold"]}, "expected one of threshold"),
        ({"kind": "treshold", "value": 0.5}, "'treshold'"),
        ({"kind": "threshold"}, "has the keys value and no others"),
        ({"kind": "threshold", "value": 0.5, "k": 3}, "has the keys value and no others"),
        ({"kind": "threshold", "value": "0.5"}, "'0.5' where a finite number"),
        ({"kind": "threshold", "value": True}, "True where a finite number"),
        ({"kind": "threshold", "value": float("nan")}, "nan where a finite number"),
        ({"kind": "threshold", "value": 10**400}, "where a finite number"),
        ({"kind": "label-thresholds", "values": 0.5}, "no array"),
        ({"kind": "label-thresholds", "values": [0.5, None]}, "None where a finite number"),
        ({"kind": "label-thresholds", "values": [0.5, 0.5]}, "2 thresholds for 5 labels"),
        ({"kind": "top-k", "k": 0}, "0 where a whole number from 1"),
        ({"kind": "top-k", "k": 2.0}, "2.0 where a whole number from 1"),
        ({"kind": "top-k", "k": True}, "True where a whole number from 1"),
        ({"kind": "expected-f1", "slope": 1.0}, "has the keys slope, intercept"),
        ({"kind": "expected-f1", "slope": 1.0, "intercept": float("inf")}, "inf where a finite number"),
    ],
)
def test_what_is_no_rule_is_refused(value: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        rule_from_json(value, labels=5)


def test_numbers_and_arrays_stand_for_rules() -> None:
    assert as_rule(1) == as_rule(1.0) == as_rule(np.float64(1)) == Threshold(1.0)
    assert as_rule(np.array([0.5, 1], dtype=np.float32)) == LabelThresholds(np.array([0.5, 1.0]))
    assert as_rule(TopK(3)) == TopK(3)


@pytest.mark.parametrize(
    ("threshold", "message"),
    [
        ("0.5", "of type str, expected a number"),
        (None, "of type NoneType"),
        (True, "of type bool"),
        ([0.5, 0.5], "of type list"),
        (np.array(["0.5"]), "of type ndarray"),
        (float("nan"), "is NaN"),
        (np.array([0.5, np.nan]), "is NaN"),
        (np.array([0.5]), r"shape \(1,\) for 2 labels"),
        (np.full((2, 1), 0.5), r"shape \(2, 1\) for 2 labels"),
        (LabelThresholds(np.full(3, 0.5)), r"shape \(3,\) for 2 labels"),
    ],
)
def test_what_cannot_decide_is_refused(threshold: Any, message: str) -> None:
    with pytest.raises(ScoresError, match=message):
        as_rule(threshold, labels=2)
    with pytest.raises(ScoresError, match=message):
        evaluate(np.ones((1, 2), bool), np.ones((1, 2)), threshold)


def test_only_a_threshold_is_a_single_number() -> None:
    assert [single_threshold(rule) for rule in RULES] == [0.25, None, None, None]


def test_label_thresholds_are_equal_by_their_values() -> None:
    one = LabelThresholds(np.array([0.1, 0.2]))
    assert one == LabelThresholds(np.array([0.1, 0.2]))
    assert one != LabelThresholds(np.array([0.1, 0.3]))
    assert one != Threshold(0.1)


@each_rule
def test_a_rule_is_said_in_words(rule: Rule) -> None:
    assert rule.describe().startswith("where ")
    assert not rule.describe().endswith(".")
