from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.errors import CodeError
from clem_icd.icd import Code, CodeSystem, dot, is_well_formed, undot

ICD9CM, ICD9PCS, ICD10CM, ICD10PCS, ICD10, CPT = CodeSystem
systems = st.sampled_from(list(CodeSystem))
code_like = st.text("0123456789AEVXaevx. ", max_size=9)


@pytest.mark.parametrize(
    ("plain", "dotted", "system"),
    [
        ("25000", "250.00", ICD9CM),
        ("4019", "401.9", ICD9CM),
        ("042", "042", ICD9CM),
        ("0010", "001.0", ICD9CM),
        ("E8889", "E888.9", ICD9CM),
        ("E888", "E888", ICD9CM),
        ("V270", "V27.0", ICD9CM),
        ("V4581", "V45.81", ICD9CM),
        ("0066", "00.66", ICD9PCS),
        ("3723", "37.23", ICD9PCS),
        ("66", "66", ICD9PCS),
        ("A019", "A01.9", ICD10CM),
        ("E119", "E11.9", ICD10CM),
        ("I10", "I10", ICD10CM),
        ("S72001A", "S72.001A", ICD10CM),
        ("QA0101", "QA0.101", ICD10CM),
        ("02703ZZ", "02703ZZ", ICD10PCS),
        ("E1190", "E11.90", ICD10),
        ("I10", "I10", ICD10),
        ("I489B", "I48.9B", ICD10),
        ("S720800", "S72.0800", ICD10),
        ("I10X", "I10.X", ICD10),
        ("M45X0", "M45.X0", ICD10),
        ("I200+0", "I20.0+0", ICD10),
        ("F03+30", "F03.+30", ICD10),
        ("99291", "99291", CPT),
    ],
)
def test_dot_and_undot(plain: str, dotted: str, system: CodeSystem) -> None:
    assert dot(plain, system) == dotted
    assert dot(dotted, system) == dotted
    assert undot(dotted) == plain
    assert Code.parse(f" {plain.lower()}\n", system) == Code.parse(dotted, system) == Code(dotted, system)


def test_every_packaged_code_survives_losing_its_dot(packaged_codes: list[tuple[str, CodeSystem]]) -> None:
    assert len(packaged_codes) > 190_000
    for code, system in packaged_codes:
        assert dot(undot(code), system) == code
        assert is_well_formed(code, system)


@settings(max_examples=200)
@given(code_like, systems)
def test_dotting_is_idempotent_and_only_adds_a_dot(text: str, system: CodeSystem) -> None:
    once = dot(text, system)
    assert dot(once, system) == once
    assert undot(once) == undot(text)


@settings(max_examples=200)
@given(code_like, systems)
def test_parse_agrees_with_is_well_formed_and_is_stable(text: str, system: CodeSystem) -> None:
    if not is_well_formed(text, system):
        with pytest.raises(CodeError):
            Code.parse(text, system)
        return
    code = Code.parse(text, system)
    assert undot(code.value) == undot(text.strip().upper())
    assert Code.parse(code.value, system) == code
    assert Code.parse(undot(code.value), system) == code


@pytest.mark.parametrize(
    ("text", "system"),
    [
        ("66", ICD9CM),
        ("2500.0", ICD9CM),
        ("250.000", ICD9CM),
        ("E88.89", ICD9CM),
        ("V27.000", ICD9CM),
        ("I10", ICD9CM),
        ("66.", ICD9PCS),
        ("372.3", ICD9PCS),
        ("A01..9", ICD10CM),
        ("A0.19", ICD10CM),
        ("250.00", ICD10CM),
        ("NAN", ICD10CM),
        ("NoDx", ICD10CM),
        ("\u013110", ICD10CM),
        ("I10\u0660", ICD10CM),
        ("02703ZO", ICD10PCS),
        ("NAN", ICD10PCS),
        ("02703ZZZ", ICD10PCS),
        ("E10l", ICD10),
        ("E1l.9", ICD10),
        ("E11.O", ICD10),
        ("E11.9999A", ICD10),
        ("E11.+", ICD10),
        ("E11.9+", ICD10),
        ("E11.-", ICD10),
        ("QA0", ICD10),
        ("W21.89XA", ICD10),
        ("9929", CPT),
        ("", ICD9CM),
        ("", CPT),
    ],
)
def test_malformed_codes_are_refused(text: str, system: CodeSystem) -> None:
    assert not is_well_formed(text, system)
    with pytest.raises(CodeError, match=f"shape of an? {system.title} code"):
        Code.parse(text, system)


def test_a_trailing_dot_is_accepted_only_in_icd10() -> None:
    assert Code.parse("I10.", ICD10CM).value == Code.parse("I10.", ICD10).value == "I10"
    assert not is_well_formed("401.", ICD9CM)


@given(st.text("0123456789AEIOSVXaeiosvx. +\u200b\ufeff\u00a0", max_size=10), systems)
def test_parsing_changes_only_case_and_dot(text: str, system: CodeSystem) -> None:
    if is_well_formed(text, system):
        written = text.encode("ascii", "ignore").decode().strip()
        assert undot(Code.parse(text, system).value) == undot(written.upper())


def test_equal_characters_in_two_systems_are_different_codes() -> None:
    procedure, diagnosis = Code.parse("3723", ICD9PCS), Code.parse("3723", ICD9CM)
    assert (str(procedure), str(diagnosis)) == ("37.23", "372.3")
    assert Code("99291", CPT) != Code("99291", ICD10PCS)


def test_codes_sort_by_value_first() -> None:
    codes = [Code("I10", ICD10CM), Code("00.66", ICD9PCS), Code("001.0", ICD9CM)]
    assert [code.value for code in sorted(codes)] == ["00.66", "001.0", "I10"]


def test_long_texts_are_not_quoted_in_errors() -> None:
    with pytest.raises(CodeError) as raised:
        Code.parse("chest pain radiating", ICD10CM)
    assert "chest" not in str(raised.value)
    assert "20 characters" in str(raised.value)
