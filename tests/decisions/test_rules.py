"""What each rule decides, that notes are decided independently, and that JSON round trips are exact."""

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
    AtLeast,
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
    AtLeast(0.25),
    LabelThresholds(np.array([0.1, 0.2, 0.3, 0.4, 0.5])),
    TopK(2),
    ExpectedF1(0.8, -0.3),
]
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)

# Few distinct values, so that there are ties.
probabilities = st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.3, 0.5, 0.9, 1.0])


@pytest.mark.parametrize("value", [0.1, 0.3, 1 / 99, 77 / 99])
def test_a_threshold_is_rounded_to_the_precision_of_the_scores(value: float) -> None:
    at = np.float32(value)
    scores = np.array([[np.nextafter(at, np.float32(-1)), at, np.nextafter(at, np.float32(2))]])
    assert Threshold(value).decide(scores).tolist() == [[False, False, True]]
    assert LabelThresholds(np.full(3, value)).decide(scores).tolist() == [[False, False, True]]


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.1, 0.5])
def test_at_least_assigns_a_code_that_scores_exactly_its_value(
    value: float, precision: type[np.floating]
) -> None:
    at = precision(value)
    scores = np.array([[np.nextafter(at, precision(-1)), at, np.nextafter(at, precision(2))]])
    assert scores.dtype == precision
    assert AtLeast(value).decide(scores).tolist() == [[False, True, True]]


def test_each_label_has_its_own_threshold() -> None:
    scores = np.full((2, 3), 0.5, dtype=np.float32)
    decided = LabelThresholds(np.array([0.4, 0.5, 0.6])).decide(scores)
    assert decided.tolist() == [[True, False, False]] * 2


def test_top_k_breaks_ties_in_label_order() -> None:
    scores = np.array([[0.2, 0.5, 0.5, 0.5], [0.9, 0.1, 0.3, 0.3]], dtype=np.float32)
    assert TopK(2).decide(scores).tolist() == [[False, True, True, False], [True, False, True, False]]


@pytest.mark.parametrize("k", [3, 4, 100])
def test_top_k_assigns_all_labels_if_there_are_fewer_than_k(k: int) -> None:
    assert TopK(k).decide(np.zeros((2, 3), dtype=np.float32)).all()


def test_expected_f1_decides_on_calibrated_probabilities() -> None:
    scores = np.array([[0.6, 0.3, 0.3, 0.01]], dtype=np.float32)
    assert ExpectedF1(1, 0).decide(scores).tolist() == [[True, True, True, False]]
    # All labels are far less likely than their scores, so assigning a second one does not pay off.
    assert ExpectedF1(1, -6).decide(scores).tolist() == [[True, False, False, False]]


@each_rule
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_notes_are_decided_independently(rule: Rule, data: st.DataObject) -> None:
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
def test_decisions_do_not_depend_on_the_chunk_size(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = np.random.default_rng(0).random((40, 5)).astype(np.float32)
    whole = rule.decide(scores)
    monkeypatch.setattr(own_arrays, "_CELLS_PER_CHUNK", 15)
    assert (rule.decide(scores) == whole).all()


@each_rule
def test_json_round_trip_preserves_a_rule(rule: Rule) -> None:
    read = rule_from_json(json.loads(json.dumps(rule.as_json(), allow_nan=False)), labels=5)
    assert read == rule
    assert hash(read) == hash(rule)


@given(values=arrays.arrays(np.float64, 4, elements=st.floats(allow_nan=False, allow_infinity=False)))
def test_json_round_trip_preserves_every_digit(values: NDArray[np.float64]) -> None:
    text = json.dumps(LabelThresholds(values).as_json())
    assert rule_from_json(json.loads(text), labels=4) == LabelThresholds(values)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({}, "kind None"),
        ({"kind": ["threshold"]}, "expected one of threshold"),
        ({"kind": "treshold", "value": 0.5}, "'treshold'"),
        ({"kind": "threshold"}, "kind threshold has the keys kind, expected kind, value$"),
        ({"kind": "threshold", "value": 0.5, "k": 3}, "has the keys kind, value, k, expected kind, value$"),
        ({"kind": "threshold", "value": "0.5"}, "'0.5', expected a finite number"),
        ({"kind": "threshold", "value": True}, "True, expected a finite number"),
        ({"kind": "threshold", "value": float("nan")}, "nan, expected a finite number"),
        ({"kind": "threshold", "value": 10**400}, "expected a finite number"),
        ({"kind": "at-least", "value": None}, "None, expected a finite number"),
        ({"kind": "at-least"}, "kind at-least has the keys kind, expected kind, value$"),
        ({"kind": "label-thresholds", "values": 0.5}, "are 0.5, expected an array"),
        ({"kind": "label-thresholds", "values": [0.5, None]}, "None, expected a finite number"),
        (
            {"kind": "label-thresholds", "values": [0.5, 0.5]},
            "the number of label thresholds is 2, expected 5",
        ),
        ({"kind": "top-k", "k": 0}, "0, expected a whole number of at least 1"),
        ({"kind": "top-k", "k": 2.0}, "2.0, expected a whole number of at least 1"),
        ({"kind": "top-k", "k": True}, "True, expected a whole number of at least 1"),
        ({"kind": "expected-f1", "slope": 1.0}, "keys kind, slope, expected kind, slope, intercept$"),
        ({"kind": "expected-f1", "slope": 1.0, "intercept": float("inf")}, "inf, expected a finite number"),
    ],
)
def test_malformed_rules_are_refused(value: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        rule_from_json(value, labels=5)


def test_numbers_and_arrays_become_rules() -> None:
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
        (AtLeast(float("nan")), "is NaN"),
        (np.array([0.5, np.nan]), "is NaN"),
        (np.array([0.5]), r"have shape \(1,\) for 2 labels"),
        (np.full((2, 1), 0.5), r"shape \(2, 1\) for 2 labels"),
        (LabelThresholds(np.full(3, 0.5)), r"shape \(3,\) for 2 labels"),
    ],
)
def test_invalid_thresholds_are_refused(threshold: Any, message: str) -> None:
    with pytest.raises(ScoresError, match=message):
        as_rule(threshold, labels=2)
    with pytest.raises(ScoresError, match=message):
        evaluate(np.ones((1, 2), bool), np.ones((1, 2)), threshold)


def test_only_a_threshold_to_exceed_is_a_single_number() -> None:
    assert [single_threshold(rule) for rule in RULES] == [0.25, *[None] * 4]


def test_label_thresholds_compare_by_value() -> None:
    one = LabelThresholds(np.array([0.1, 0.2]))
    assert one == LabelThresholds(np.array([0.1, 0.2]))
    assert one != LabelThresholds(np.array([0.1, 0.3]))
    assert one != Threshold(0.1)


@each_rule
def test_a_description_completes_a_sentence(rule: Rule) -> None:
    # "A code is assigned …"
    assert rule.describe().startswith("when ")
    assert not rule.describe().endswith(".")
