from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clem_icd.evaluation.codiesp import (
    CODIESP,
    Reference,
    codiesp_reference_scores,
    codiesp_scores,
    ranked_codes,
)


def test_scores_by_hand() -> None:
    # d1: precision 1/1 and 2/3 at its two codes; d2: 1/2 at its only code.
    gold = {"d1": ["n20.0", "m81.0"], "d2": ["r69"]}
    submitted = {"d1": ["n20.0", "i10", "m81.0"], "d2": ["i10", "r69"]}
    found = codiesp_scores(gold, submitted)
    assert found["codiesp_map"] == pytest.approx(((1 + 2 / 3) / 2 + 1 / 2) / 2)
    assert found["codiesp_precision"] == pytest.approx(3 / 5)
    assert found["codiesp_recall"] == 1
    assert found["codiesp_f1"] == pytest.approx(2 * 3 / (5 + 3))
    assert set(found) == {name for name in CODIESP if not name.startswith("codiesp_x")}


def test_the_mean_is_over_documents_with_a_submission() -> None:
    gold = {"d1": ["r69"], "d2": ["i10"]}
    assert codiesp_scores(gold, {"d1": ["r69"]})["codiesp_map"] == 1
    assert codiesp_scores(gold, {"d1": ["r69"]})["codiesp_recall"] == 0.5
    # A document without codes counts as 0, and codes submitted for it are wrong.
    found = codiesp_scores({"d1": ["r69"]}, {"d1": ["r69"], "d3": ["i10"]})
    assert (found["codiesp_map"], found["codiesp_precision"]) == (0.5, 0.5)


def test_case_and_repetition_do_not_matter_and_invalid_codes_are_removed() -> None:
    gold = {"d1": ["N20.0", "n20.0", "r69"]}
    submitted = {"d1": ["CODE7", "n20.0", "N20.0", "R69"], "d2": ["CODE7"]}
    found = codiesp_scores(gold, submitted, valid_codes=["N20.0", "R69"])
    assert set(found.values()) == {1.0}
    assert codiesp_scores(gold, submitted)["codiesp_map"] == pytest.approx((1 / 2 + 2 / 3) / 2 / 2)


def test_codes_after_the_thousandth_do_not_count_for_map() -> None:
    padding = [f"x{number}" for number in range(999)]
    near = codiesp_scores({"d": ["r69"]}, {"d": [*padding, "r69"]})
    far = codiesp_scores({"d": ["r69"]}, {"d": [*padding, "y", "r69"]})
    assert (near["codiesp_map"], far["codiesp_map"]) == (1 / 1000, 0)
    assert far["codiesp_recall"] == 1


def test_nothing_submitted_scores_0() -> None:
    assert set(codiesp_scores({"d": ["r69"]}, {}).values()) == {0.0}


@given(st.permutations(["a", "b", "c", "d"]), st.sets(st.sampled_from("abcdxy"), min_size=1))
def test_average_precision_is_the_mean_precision_at_the_codes(ranked: list[str], gold: set[str]) -> None:
    expected = [
        len(gold & set(ranked[: ranked.index(code) + 1])) / (ranked.index(code) + 1)
        for code in gold
        if code in ranked
    ]
    found = codiesp_scores({"d": sorted(gold)}, {"d": ranked})
    assert found["codiesp_map"] == pytest.approx(sum(expected) / len(gold))


def test_lists_are_sorted_by_score_with_ties_in_label_order() -> None:
    scores = np.array([[0.2, 0.9, 0.2, 0.5], [0.1, 0.1, 0.1, 0.1]])
    codes, notes = ["a", "b", "c", "d"], ["n1", "n2"]
    assert ranked_codes(codes, notes, scores) == {"n1": ["b", "d", "a", "c"], "n2": codes}
    some = ranked_codes(codes, notes, scores, scores > 0.4)
    assert some == {"n1": ["b", "d"], "n2": []}


@pytest.mark.parametrize(
    ("begin", "end", "found"),
    [(100, 120, 1), (90, 130, 1), (89, 120, 0), (100, 131, 0), (101, 120, 0), (100, 119, 0)],
)
def test_a_reference_may_extend_ten_characters_beyond_the_true_one(begin: int, end: int, found: int) -> None:
    gold = [Reference("d", "r69", 100, 120)]
    scores = codiesp_reference_scores(gold, [Reference("d", "R69", begin, end)])
    assert set(scores.values()) == {float(found)}


def test_a_code_counts_once_per_document_however_many_references_it_has() -> None:
    gold = [Reference("d", "r69", 0, 5), Reference("d", "r69", 50, 55), Reference("e", "i10", 0, 3)]
    predicted = [
        *(Reference("d", "r69", 50, 55), Reference("d", "r69", 70, 75)),
        *(Reference("d", "i10", 0, 3), Reference("d", "code7", 0, 3)),
    ]
    scores = codiesp_reference_scores(gold, predicted, valid_codes=["r69", "I10"])
    assert scores == {"codiesp_x_precision": 0.5, "codiesp_x_recall": 0.5, "codiesp_x_f1": 0.5}
    assert set(scores) == {name for name in CODIESP if name.startswith("codiesp_x")}
