from __future__ import annotations

import pytest

from clem_icd.icd import CodeSystem, icd9_to_icd10, icd10_to_icd9, is_well_formed, leaf_codes


@pytest.mark.parametrize(
    ("icd9", "icd10"),
    [("250.00", ["E11.9"]), ("25000", ["E11.9"]), (" v27.0 ", ["Z37.0"]), ("401.9", ["I10"]), ("999.99", [])],
)
def test_icd9_to_icd10(icd9: str, icd10: list[str]) -> None:
    assert icd9_to_icd10(icd9) == icd10


def test_icd10_to_icd9() -> None:
    assert icd10_to_icd9("I10") == icd10_to_icd9("i10") == ["401.0", "401.1", "401.9"]
    assert icd10_to_icd9("R40.2130") == [], "the GEM says NoDx"
    assert icd10_to_icd9("no code") == []


def test_a_combination_keeps_all_its_codes() -> None:
    assert icd10_to_icd9("I25.110") == ["411.1", "414.01"]


def test_equivalents_are_unique_dotted_icd9_codes() -> None:
    found = [icd10_to_icd9(code) for code in leaf_codes()]
    assert sum(bool(codes) for codes in found) > 60_000
    for codes in found:
        assert len(set(codes)) == len(codes)
        assert all(is_well_formed(code, CodeSystem.ICD9CM) and "." in code for code in codes if len(code) > 4)


def test_changing_a_result_does_not_affect_later_calls() -> None:
    icd9_to_icd10("401.9").clear()
    assert icd9_to_icd10("401.9") == ["I10"]
