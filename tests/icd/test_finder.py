"""Finding codes by what is typed, and the codes around one."""

from __future__ import annotations

import time

import pytest

from clem_icd.icd import SEARCHED_SYSTEMS, Code, CodeSystem, find_codes, inclusion_terms, relatives_of

CM = CodeSystem.ICD10CM


def values(text: str, system: CodeSystem | None = CM) -> list[str]:
    return [one.code.value for one in find_codes(text, system)]


@pytest.mark.parametrize("typed", ["I50.2", "i50.2", "I502", " i502 "])
def test_a_code_is_found_by_its_beginning_with_or_without_dot(typed: str) -> None:
    assert values(typed) == ["I50.2", "I50.20", "I50.21", "I50.22", "I50.23"]


@pytest.mark.parametrize(
    ("typed", "best"),
    [
        ("pneumonia", "J18.9"),
        ("pneum", "J18.9"),
        ("heart failure", "I50.9"),
        ("failure heart", "I50.9"),
        ("HEART fail", "I50.9"),
        ("hypertension", "I10"),
        ("high blood pressure", "I10"),
        ("sepsis", "A41.9"),
        ("urinary tract inf", "N39.0"),
    ],
)
def test_the_plain_condition_comes_first(typed: str, best: str) -> None:
    assert values(typed)[0] == best


def test_a_code_is_found_by_an_inclusion_term_which_is_shown() -> None:
    [found] = find_codes("chronic obstructive airway disease nos", CM)
    assert found.code.value == "J44.9"
    assert found.matched == "Chronic obstructive airway disease NOS"
    assert found.matched in inclusion_terms("J44.9")
    assert found.title == "Chronic obstructive pulmonary disease, unspecified"


def test_a_category_is_found_and_said_not_to_be_billable() -> None:
    found = {one.code.value: one.billable for one in find_codes("I50", CM)}
    assert found["I50"] is False
    assert found["I50.1"] is True


@pytest.mark.parametrize(
    ("typed", "system", "value"),
    [
        ("coronary bypass one artery", CodeSystem.ICD9PCS, None),
        ("bypass coronary artery, one", CodeSystem.ICD10PCS, "02100"),
        ("congestive heart failure", CodeSystem.ICD9CM, "428.0"),
        ("4280", CodeSystem.ICD9CM, "428.0"),
        ("021", CodeSystem.ICD10PCS, "021"),
    ],
)
def test_every_system_is_searched(typed: str, system: CodeSystem, value: str | None) -> None:
    found = find_codes(typed, system)
    assert {one.code.system for one in found} <= {system}
    if value is not None:
        assert any(one.code.value.startswith(value) for one in found)
    assert {one.code.system for one in find_codes("congestive heart failure")} == {CM, CodeSystem.ICD9CM}


@pytest.mark.parametrize("typed", ["", "a", " ", "§§", "xyzzy", "heart xyzzy", "\0", "é", "🫀"])
def test_what_is_no_word_or_code_finds_nothing(typed: str) -> None:
    assert find_codes(typed) == []


@pytest.mark.parametrize("system", [CodeSystem.CPT, CodeSystem.ICD10])
def test_a_system_without_a_list_finds_nothing(system: CodeSystem) -> None:
    assert find_codes("heart", system) == []


def test_no_search_is_slow_and_none_returns_more_than_asked() -> None:
    for system in SEARCHED_SYSTEMS:
        find_codes("warm", system)
    for typed in ("in", "of", "unspecified", "left", "bypass coronary artery with", "s72", "a " * 200):
        began = time.perf_counter()
        assert len(find_codes(typed, most=20)) <= 20
        assert time.perf_counter() - began < 0.25  # some 5 ms on an idle machine


def test_relatives_are_the_parent_the_siblings_and_the_billable_codes_below() -> None:
    found = relatives_of(Code("I50.2", CM))
    assert [one.code.value for one in found["parent"]] == ["I50"]
    assert [one.code.value for one in found["siblings"]] == ["I50.1", "I50.3", "I50.4", "I50.8", "I50.9"]
    assert [one.code.value for one in found["more_specific"]] == ["I50.20", "I50.21", "I50.22", "I50.23"]
    top = relatives_of(Code("I50", CM))
    assert (top["parent"], top["siblings"]) == ([], [])
    assert all(one.billable for one in top["more_specific"])
    assert len(relatives_of(Code("S72", CM))["more_specific"]) == 60
