from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score, recall_score

from clem_icd.evaluation.analysis import Outcomes
from clem_icd.evaluation.analysis.grouping import by_label, by_note, recall_by_code, table


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_groups_of_labels_score_like_their_columns(draw: Callable[..., Any], seed: int) -> None:
    targets, decided = draw(seed)
    group_of = np.random.default_rng(seed).integers(0, 3, targets.shape[1])
    groups = by_label(Outcomes.of(targets, decided), group_of, ["a", "b", "c"])
    assert sum(group.labels for group in groups) == targets.shape[1]
    for group in groups:
        columns = group_of == "abc".index(group.name)
        true, predicted = targets[:, columns], decided[:, columns]
        flat = true.ravel(), predicted.ravel()
        assert group.micro_precision == pytest.approx(precision_score(*flat, zero_division=0))
        assert group.micro_recall == pytest.approx(recall_score(*flat, zero_division=0))
        assert group.micro_f1 == pytest.approx(f1_score(*flat, zero_division=0))
        assert (group.positives, group.given) == (true.sum(), predicted.sum())
        assert group.notes == true.any(axis=1).sum()
        columns_of = zip(true.T, predicted.T, strict=True)
        own = [f1_score(one, other, zero_division=0) for one, other in columns_of if one.any()]
        assert group.macro_f1_split_labels == pytest.approx(np.mean(own) if own else 0)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_groups_of_notes_score_like_their_rows(draw: Callable[..., Any], seed: int) -> None:
    targets, decided = draw(seed)
    group_of = np.random.default_rng(seed).integers(0, 2, len(targets))
    for group in by_note(Outcomes.of(targets, decided), group_of, ["a", "b"]):
        rows = group_of == "ab".index(group.name)
        true, predicted = targets[rows], decided[rows]
        assert group.micro_f1 == pytest.approx(
            f1_score(true.ravel(), predicted.ravel(), zero_division=0), abs=1e-12
        )
        assert (group.notes, group.labels) == (rows.sum(), true.any(axis=0).sum())
        assert group.macro_f1_split_labels is None


def test_groups_of_codes_have_recall_only() -> None:
    targets = np.array([[True, True, False], [True, False, False]])
    decided = np.array([[True, False, True], [False, False, False]])
    outcomes = Outcomes.of(targets, decided)
    # The pairs are (0, 0), (0, 1), (0, 2) and (1, 0); the third is a false positive.
    [first, second] = recall_by_code(outcomes, np.array([0, 1, 0, 0]), ["near", "far", "nowhere"])
    assert (first.name, first.positives, first.true_positives, first.micro_recall) == ("near", 2, 1, 0.5)
    assert (second.name, second.positives, second.micro_recall) == ("far", 1, 0.0)
    assert first.given is first.micro_precision is first.micro_f1 is None


def test_empty_groups_are_omitted_and_small_ones_are_kept(draw: Callable[..., Any]) -> None:
    targets, decided = draw(0)
    group_of = np.zeros(targets.shape[1], dtype=np.int64)
    group_of[0] = 2
    groups = by_label(Outcomes.of(targets, decided), group_of, ["most", "none", "one"])
    assert [(group.name, group.labels) for group in groups] == [("most", targets.shape[1] - 1), ("one", 1)]


def test_a_table_omits_unknown_fields(draw: Callable[..., Any]) -> None:
    targets, decided = draw(0)
    groups = by_note(Outcomes.of(targets, decided), np.zeros(len(targets), dtype=np.int64), ["all"])
    value = table("everything", "All of it", "notes", groups)
    assert (value["dimension"], value["title"], value["unit"]) == ("everything", "All of it", "notes")
    assert set(value["groups"][0]) == {
        *("name", "labels", "notes", "positives", "given", "true_positives"),
        *("micro_precision", "micro_recall", "micro_f1"),
    }
