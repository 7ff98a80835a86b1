"""The tree of a label space: nodes, parents and frequencies."""

from __future__ import annotations

import numpy as np

from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling.label_tree import LEVELS, LabelTree, has_hierarchy

ICD9CM, ICD9PCS, ICD10CM, ICD10PCS, ICD10, CPT = CodeSystem

CODES = (
    Code("I10", ICD10CM),
    Code("I48.91", ICD10CM),
    Code("E11.9", ICD10CM),
    Code("E11.65", ICD10CM),
    Code("I48.0", ICD10CM),
)


def test_codes_with_common_ancestors_share_their_nodes() -> None:
    tree = LabelTree.of(CODES)
    blocks, categories, codes = tree.parents
    assert tree.sizes == (2, 3, 3, 5)
    assert len(tree.sizes) == len(LEVELS)
    assert blocks == (0, 0, 1)  # I10-I1A, I30-I5A, E08-E13
    assert categories == (0, 1, 2)  # I10, I48, E11
    assert codes == (0, 1, 2, 2, 1)


def test_a_missing_level_has_one_node_per_node_above() -> None:
    codes = [Code("285.9", ICD9CM), Code("280.0", ICD9CM), Code("36.15", ICD9PCS), Code("E11.90", ICD10)]
    assert LabelTree.of(codes).parents == ((0, 1, 2), (0, 0, 1, 2), (0, 1, 2, 3))


def test_codes_outside_all_chapters_are_by_themselves() -> None:
    codes = [Code("99213", CPT), Code("I10", ICD10CM), Code("99291", CPT)]
    assert has_hierarchy(codes)
    assert LabelTree.of(codes).parents == ((0, 1), (0, 1, 0), (0, 1, 2))
    assert not has_hierarchy([codes[0], codes[2]])


def test_code_systems_share_no_node() -> None:
    codes = [Code("E11.9", ICD10CM), Code("E11.90", ICD10)]
    assert LabelTree.of(codes).sizes == (2, 2, 2, 2)


def test_frequencies_are_those_of_independent_codes() -> None:
    frequencies = LabelTree.of(CODES).frequencies(np.array([0.5, 0.2, 0.1, 0.0, 0.5]))
    expected = [
        *(1 - 0.5 * 0.8 * 0.5, 0.1),  # I00-I99, E00-E89
        *(0.5, 1 - 0.8 * 0.5, 0.1),
        *(0.5, 1 - 0.8 * 0.5, 0.1),
        *(0.5, 0.2, 0.1, 0.0, 0.5),
    ]
    np.testing.assert_allclose(frequencies, expected)
