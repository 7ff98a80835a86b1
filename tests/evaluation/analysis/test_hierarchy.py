from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.evaluation.analysis import HIERARCHICAL, Outcomes, hierarchical_metrics
from clem_icd.evaluation.analysis.hierarchy import by_level
from clem_icd.icd import Code, CodeSystem, ancestors, category


def judged(codes: tuple[Code, ...], gold: Iterable[str], assigned: Iterable[str]) -> dict[str, float]:
    """Return the metrics of one note."""
    sets = [[code.value in values for code in codes] for values in (set(gold), set(assigned))]
    targets, decided = (np.array([row], dtype=np.bool_) for row in sets)
    return hierarchical_metrics(Outcomes.of(targets, decided), codes)


def test_a_wrong_leaf_gets_credit_for_shared_ancestors(codes: tuple[Code, ...]) -> None:
    # E11.65 expands to E11.65, E11.6 and E11; E11.9 to E11.9 and E11.
    found = judged(codes, ["E11.65"], ["E11.9"])
    assert found["hierarchical_precision"] == pytest.approx(1 / 2)
    assert found["hierarchical_recall"] == pytest.approx(1 / 3)
    assert found["hierarchical_f1"] == pytest.approx(2 / 5)
    assert found["category_micro_f1"] == 1


def test_an_ancestor_counts_once_per_note(codes: tuple[Code, ...]) -> None:
    # Gold: E11.21, E11.22, E11.2, E11. Assigned: E11.21, E11.2, E11.
    found = judged(codes, ["E11.21", "E11.22"], ["E11.21"])
    assert found["hierarchical_recall"] == pytest.approx(3 / 4)
    assert found["hierarchical_precision"] == 1
    assert found["category_micro_recall"] == 1


def test_equal_values_of_two_code_systems_are_different_nodes() -> None:
    codes = (Code("02703ZZ", CodeSystem.ICD10PCS), Code("027.0", CodeSystem.ICD9CM))
    assert [category(code.value, code.system) for code in codes] == ["027", "027"]
    assert set(judged(codes, ["027.0"], ["02703ZZ"]).values()) == {0.0}


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_metrics_equal_those_of_plain_sets(
    draw: Callable[..., Any], codes: tuple[Code, ...], seed: int
) -> None:
    targets, decided = draw(seed)

    def expanded(matrix: Any, nodes: Callable[[Code], Iterable[str]]) -> set[tuple[int, str, str]]:
        return {
            (note, codes[label].system, node)
            for note, label in np.argwhere(matrix)
            for node in nodes(codes[label])
        }

    def with_ancestors(code: Code) -> list[str]:
        return [code.value, *ancestors(code.value, code.system)]

    found = hierarchical_metrics(Outcomes.of(targets, decided), codes)
    assert set(found) == set(HIERARCHICAL)
    for prefix, nodes in (
        ("hierarchical", with_ancestors),
        ("category_micro", lambda code: [category(code.value, code.system)]),
    ):
        gold, assigned = expanded(targets, nodes), expanded(decided, nodes)
        assert found[f"{prefix}_precision"] == pytest.approx(len(gold & assigned) / max(1, len(assigned)))
        assert found[f"{prefix}_recall"] == pytest.approx(len(gold & assigned) / max(1, len(gold)))
        assert found[f"{prefix}_f1"] == pytest.approx(
            2 * len(gold & assigned) / max(1, len(gold) + len(assigned))
        )


def test_the_levels_agree_with_the_hierarchical_metrics(
    draw: Callable[..., Any], codes: tuple[Code, ...]
) -> None:
    targets, decided = draw(5)
    outcomes = Outcomes.of(targets, decided)
    levels = {group["name"]: group for group in by_level(outcomes, codes)["groups"]}
    metrics = hierarchical_metrics(outcomes, codes)
    assert levels["categories"]["micro_f1"] == metrics["category_micro_f1"]
    assert levels["codes and all their ancestors"]["micro_recall"] == metrics["hierarchical_recall"]
    assert levels["codes"]["positives"] == targets.sum()
    assert levels["codes"]["true_positives"] == (targets & decided).sum()
    assert levels["chapters"]["positives"] <= levels["categories"]["positives"] <= targets.sum()


def test_no_codes_and_no_decisions_score_0(codes: tuple[Code, ...]) -> None:
    assert set(judged(codes, [], []).values()) == {0.0}
