"""What each policy chooses, compared with an exhaustive search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from clem_icd.decisions import arrays as own_arrays
from clem_icd.decisions.cuts import best_cut
from clem_icd.decisions.policies import EDIN2024_GRID, POLICIES, PolicyName, choose_rule, per_code_thresholds
from clem_icd.decisions.rules import AtLeast, ExpectedF1, LabelThresholds, Rule, Threshold, TopK
from clem_icd.decisions.scaling import logit, platt
from clem_icd.errors import ScoresError
from clem_icd.evaluation.metrics import evaluate

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
Matrices = Callable[..., tuple[Bools, Floats]]
Drawn = tuple[Bools, Floats]
COUNTS = np.array([0, 0, 3, 4, 8, 600])

each_policy = pytest.mark.parametrize("policy", POLICIES)


def micro_f1(targets: Bools, scores: Floats, rule: Rule | float) -> float:
    return evaluate(targets, scores, rule, ("micro_f1",))["micro_f1"]


@st.composite
def drawn(draw: st.DrawFn) -> Drawn:
    """Draw targets with at least one positive, and probabilities with ties [notes, 6]."""
    shape = (draw(st.integers(1, 6)), 6)
    targets = draw(arrays.arrays(np.bool_, shape))
    targets[0, draw(st.integers(0, 5))] = True
    numbers = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1, width=32))
    return targets, draw(arrays.arrays(np.float32, shape, elements=numbers))


def test_every_policy_name_has_a_policy() -> None:
    assert tuple(POLICIES) == get_args(PolicyName)
    for policy in POLICIES.values():
        assert "validation split" in policy.sentence
        assert not policy.sentence.endswith(".")


def test_the_grid_is_the_published_one() -> None:
    assert (len(EDIN2024_GRID), EDIN2024_GRID[0], EDIN2024_GRID[-1]) == (100, 0.0, 1.0)
    assert 0.5 not in EDIN2024_GRID


@settings(max_examples=30, deadline=None)
@given(arrays_=drawn())
def test_edin2024_chooses_the_best_threshold_of_its_grid(arrays_: Drawn) -> None:
    values = [micro_f1(*arrays_, float(point)) for point in EDIN2024_GRID]
    assert choose_rule("edin2024", *arrays_, COUNTS) == Threshold(float(EDIN2024_GRID[np.argmax(values)]))


@settings(max_examples=50, deadline=None)
@given(arrays_=drawn())
def test_the_exact_threshold_is_at_least_as_good_as_the_grid(arrays_: Drawn) -> None:
    exact, grid = (choose_rule(policy, *arrays_, COUNTS) for policy in ("exact", "edin2024"))
    assert isinstance(exact, Threshold)
    assert micro_f1(*arrays_, exact) >= micro_f1(*arrays_, grid)


@settings(max_examples=50, deadline=None)
@given(arrays_=drawn())
def test_top_k_chooses_the_best_number_of_codes(arrays_: Drawn) -> None:
    values = [micro_f1(*arrays_, TopK(k)) for k in range(1, 7)]
    assert choose_rule("top-k", *arrays_, COUNTS) == TopK(1 + int(np.argmax(values)))


@settings(max_examples=50, deadline=None)
@given(arrays_=drawn())
def test_each_frequency_group_gets_its_best_threshold_or_the_common_one(arrays_: Drawn) -> None:
    targets, scores = arrays_
    rule = choose_rule("frequency", targets, scores, COUNTS)
    assert isinstance(rule, LabelThresholds)
    for group in ([0, 1], [2, 3], [4], [5]):
        own = best_cut(targets[:, group], scores[:, group])
        assigns_all = own is not None and (scores[:, group] > own).all()
        expected = best_cut(targets, scores) if own is None or assigns_all else own
        assert rule.values[group].tolist() == [expected] * len(group)


def test_codes_that_were_never_learned_are_not_assigned_to_every_note() -> None:
    random = np.random.default_rng(0)
    targets = random.random((40, 6)) < 0.2
    scores = np.where(targets, 0.8, 0.1).astype(np.float32)
    scores[:, :2] = 0.001  # like labels without training notes
    targets[:, :2] = np.arange(40)[:, np.newaxis] == 7
    rule = choose_rule("frequency", targets, scores, COUNTS)
    assert not rule.decide(scores)[:, :2].any()
    assert (rule.decide(scores) == targets)[:, 2:].all()


@settings(max_examples=50, deadline=None)
@given(arrays_=drawn())
def test_without_shrinkage_each_code_gets_its_best_threshold(arrays_: Drawn) -> None:
    targets, scores = arrays_
    found = per_code_thresholds(targets, scores, shrinkage=0)
    for label in np.flatnonzero(targets.any(axis=0)):
        own = best_cut(targets[:, [label]], scores[:, [label]])
        assert own is not None
        assert logit(found[[label]]) == pytest.approx(logit(np.array([own])), abs=1e-6)


def test_codes_with_fewer_positives_are_shrunk_more_towards_the_common_threshold(matrices: Matrices) -> None:
    targets, scores = matrices(0)
    positives = targets.sum(axis=0)
    common = np.array([best_cut(targets, scores)], dtype=np.float64)
    own = per_code_thresholds(targets, scores, shrinkage=0)
    rule = choose_rule("per-code", targets, scores, np.zeros(40, dtype=np.int64))
    assert isinstance(rule, LabelThresholds)
    share = positives / (positives + 10)
    expected = share * logit(own) + (1 - share) * logit(common)
    assert logit(rule.values) == pytest.approx(expected, abs=1e-9)
    assert (positives == 0).any()
    assert (rule.values[positives == 0] == common).all()
    assert per_code_thresholds(targets, scores, shrinkage=1e12) == pytest.approx(common[0], abs=1e-9)


def test_expected_f1_uses_platt_scaled_probabilities(matrices: Matrices) -> None:
    targets, scores = matrices(1)
    fitted = platt(targets, scores)
    rule = choose_rule("expected-f1", targets, scores, np.zeros(40, dtype=np.int64))
    assert rule == ExpectedF1(fitted.slope, fitted.intercept)


def test_fixed_is_one_half_whatever_the_scores(matrices: Matrices) -> None:
    for seed in range(3):
        assert choose_rule("fixed", *matrices(seed), np.zeros(40, dtype=np.int64)) == AtLeast(0.5)


@each_policy
def test_the_choice_depends_only_on_the_arrays(
    policy: PolicyName, matrices: Matrices, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets, scores = matrices(4)
    counts = np.arange(40) * 20
    chosen = choose_rule(policy, targets, scores, counts)
    assert choose_rule(policy, targets.copy(), scores.copy(), counts) == chosen
    monkeypatch.setattr(own_arrays, "_CELLS_PER_CHUNK", 90)
    in_chunks = choose_rule(policy, targets, scores, counts)
    assert (in_chunks.decide(scores) == chosen.decide(scores)).all()


@each_policy
def test_splits_without_codes_and_mismatched_arrays_are_refused(policy: PolicyName) -> None:
    targets, scores = np.zeros((3, 6), dtype=np.bool_), np.full((3, 6), 0.5, dtype=np.float32)
    with pytest.raises(ScoresError, match="no note has a code, so no rule is better"):
        choose_rule(policy, targets, scores, COUNTS)
    with pytest.raises(ScoresError, match="both \\[notes, labels\\]"):
        choose_rule(policy, targets, scores[:2], COUNTS)


def test_an_unknown_policy_is_refused_with_the_list_of_policies() -> None:
    wrong: Any = "best"
    with pytest.raises(ScoresError, match=r"unknown policy 'best'\. Choose one of edin2024, exact"):
        choose_rule(wrong, np.eye(6, dtype=np.bool_), np.eye(6, dtype=np.float32), COUNTS)


@pytest.mark.parametrize("policy", ["edin2024", "per-code", "expected-f1", "fixed"])
def test_some_policies_need_probabilities(policy: PolicyName) -> None:
    targets, scores = np.eye(6, dtype=np.bool_), 3 * np.eye(6, dtype=np.float32) - 1
    with pytest.raises(ScoresError, match="range from -1 to 2, expected probabilities"):
        choose_rule(policy, targets, scores, COUNTS)


@pytest.mark.parametrize("policy", ["exact", "frequency", "top-k"])
def test_other_policies_accept_any_scores(policy: PolicyName) -> None:
    targets, scores = np.eye(6, dtype=np.bool_), 3 * np.eye(6, dtype=np.float32) - 1
    assert micro_f1(targets, scores, choose_rule(policy, targets, scores, COUNTS)) == 1


def test_training_counts_for_other_labels_are_refused() -> None:
    targets, scores = np.eye(3, dtype=np.bool_), np.eye(3, dtype=np.float32)
    with pytest.raises(ScoresError, match="training counts"):
        choose_rule("frequency", targets, scores, COUNTS)
