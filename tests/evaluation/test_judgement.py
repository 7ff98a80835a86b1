"""Note weights: a weight of two equals a repeated note."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from clem_icd.errors import ScoresError
from clem_icd.evaluation.definitions import DEFINITIONS
from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.metrics import evaluate
from clem_icd.evaluation.profiles import PROFILES

Matrices = Callable[..., tuple[NDArray[np.bool_], NDArray[np.float32]]]

RANKED_IN_SPLIT = {name for name in DEFINITIONS if name.endswith("_split_labels") and "_at_" in name} | {
    "map_split_labels",
    "r_precision_split_labels",
    "exact_match_split_labels",
}
"""Metrics that rank the labels of the whole split, while a resample may have fewer."""


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), ties=st.booleans())
def test_a_weighted_note_equals_repeated_notes(matrices: Matrices, seed: int, ties: bool) -> None:
    random = np.random.default_rng(seed)
    targets, scores = matrices(seed, notes=14, labels=11)
    if ties:
        scores = np.round(scores, 1)
    weights = random.integers(0, 4, (3, 14)).astype(float)
    weights[:, 0] = 1
    counts = random.integers(0, 700, 11)
    judged = Judgement.of(targets, scores, 0.6, train_counts=counts).values(weights)
    for resample, repeats in enumerate(weights):
        rows = np.repeat(np.arange(14), repeats.astype(int))
        expected = evaluate(targets[rows], scores[rows], 0.6, train_counts=counts)
        own = {name: values[resample] for name, values in judged.items()}
        same = own.keys() - RANKED_IN_SPLIT
        assert {name: own[name] for name in same} == pytest.approx(
            {name: expected[name] for name in same}, abs=1e-6
        )


def test_weights_of_one_change_nothing(matrices: Matrices) -> None:
    judgement = Judgement.of(*matrices(3), 0.7)
    weighted = judgement.values(np.ones((2, judgement.notes)))
    for name, value in judgement.values().items():
        assert weighted[name] == pytest.approx([value[0]] * 2, abs=1e-6), name


def test_weighted_metrics_do_not_depend_on_the_block_size(
    matrices: Matrices, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets, scores = matrices(1)
    weights = np.random.default_rng(0).integers(0, 3, (7, len(targets))).astype(float)
    whole = Judgement.of(targets, scores, 0.7).values(weights)
    monkeypatch.setattr("clem_icd.evaluation.judgement._RESAMPLES_AT_ONCE", 2)
    monkeypatch.setattr("clem_icd.evaluation.areas._PAIRS_AT_ONCE", 1)
    for name, values in Judgement.of(targets, scores, 0.7).values(weights).items():
        assert values == pytest.approx(whole[name], abs=1e-6), name


def test_totals_of_two_halves_add_up(matrices: Matrices) -> None:
    judgement = Judgement.of(*matrices(2), 0.7, train_counts=np.arange(40) * 20)
    half = np.zeros((1, judgement.notes))
    half[:, : judgement.notes // 2] = 1
    both = (judgement.totals(half) + judgement.totals(1 - half)).metrics()
    whole = judgement.totals(np.ones_like(half)).metrics()
    assert both.keys() == whole.keys()
    for name, values in whole.items():
        assert both[name] == pytest.approx(values, abs=1e-12), name


def test_binned_areas_are_close_to_exact_areas(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    targets = random.random((60, 50)) < 0.3
    scores = (targets + random.normal(0, 1, targets.shape)).astype(np.float32)
    weights = random.integers(0, 3, (4, 60)).astype(float)
    names = ("roc_auc_micro", "pr_auc_micro")
    judgement = Judgement.of(targets, scores, profile=names)
    exact = judgement.values(weights)
    monkeypatch.setattr("clem_icd.evaluation.areas._EDGES", 100)
    binned = Judgement.of(targets, scores, profile=names).values(weights)
    for name in names:
        assert binned[name] != pytest.approx(exact[name], abs=1e-9)
        assert binned[name] == pytest.approx(exact[name], abs=5e-3)


def test_a_profile_lists_its_metrics_in_the_order_of_the_definitions(matrices: Matrices) -> None:
    for name, profile in PROFILES.items():
        values = evaluate(*matrices(0), 0.7, name)
        assert set(values) == set(profile.names)
        assert list(values) == [metric for metric in DEFINITIONS if metric in values]


def test_a_profile_of_coded_notes_excludes_uncoded_notes(matrices: Matrices) -> None:
    targets, scores = matrices(4)
    coded = targets.any(axis=1)
    assert not coded.all()
    for name, profile in PROFILES.items():
        alone = evaluate(targets[coded], scores[coded], 0.7, name)
        assert (evaluate(targets, scores, 0.7, name) == alone) == profile.coded_notes_only
    with pytest.raises(ScoresError, match="no note has a code"):
        evaluate(np.zeros((2, 3), bool), np.zeros((2, 3)), profile="edin2024")


def test_unknown_names_are_refused_with_a_suggestion() -> None:
    targets, scores = np.ones((1, 1), bool), np.ones((1, 1))
    with pytest.raises(ScoresError, match="Did you mean edin2024"):
        evaluate(targets, scores, profile="edin2042")
    with pytest.raises(ScoresError, match="Did you mean macro_f1_caml"):
        evaluate(targets, scores, profile=["macro_f1_calm"])
    with pytest.raises(
        ScoresError, match=r"unknown metric .kappa.\. See docs/reference/metrics\.md for all names"
    ):
        evaluate(targets, scores, profile=["kappa"])


def test_an_ambiguous_name_is_refused_with_all_its_definitions() -> None:
    targets, scores = np.ones((1, 1), bool), np.ones((1, 1))
    with pytest.raises(
        ScoresError, match="Choose a definition: macro_f1_all_labels, macro_f1_caml, macro_f1_split_labels "
    ):
        evaluate(targets, scores, profile=["macro_f1"])


def test_each_label_may_have_its_own_threshold() -> None:
    targets = np.array([[True, True]])
    scores = np.array([[0.4, 0.4]], dtype=np.float32)
    values = evaluate(targets, scores, np.array([0.3, 0.4]))
    assert values["micro_recall"] == 1 / 2
