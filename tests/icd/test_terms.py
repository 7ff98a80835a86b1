from __future__ import annotations

from clem_icd.icd import CodeSystem, inclusion_terms, leaf_codes, parent


def test_leaf_codes_are_billable_and_in_tabular_order() -> None:
    codes = leaf_codes()
    assert len(codes) == len(set(codes)) > 70_000
    assert codes[0] == "A00.0"
    assert codes.index("A00.9") < codes.index("I10") < codes.index("S72.001A") < codes.index("Z99.89")
    above = {parent(code, CodeSystem.ICD10CM) for code in codes}
    assert not above.intersection(codes)


def test_a_code_has_its_own_terms() -> None:
    assert inclusion_terms("A00.0") == inclusion_terms("a000") == ["Classical cholera"]
    assert inclusion_terms("A00") == []


def test_a_seventh_character_inherits_the_terms_of_its_base_code() -> None:
    assert inclusion_terms("S09.90") == inclusion_terms("S09.90XA") == ["Head injury NOS"]
    assert inclusion_terms("T36.0X1A") == inclusion_terms("T36.0X1") == ["Poisoning by penicillins NOS"]


def test_other_codes_do_not_inherit_terms() -> None:
    assert inclusion_terms("I21.0")
    assert set(inclusion_terms("I21.01")).isdisjoint(inclusion_terms("I21.0"))


def test_unknown_codes_and_chapters_have_no_terms() -> None:
    for code in ("", "9", "A00-A09", "Z99.999", "250.00"):
        assert inclusion_terms(code) == []
