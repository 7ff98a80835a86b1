"""The instructions of the tabular list, read from its notes."""

from __future__ import annotations

import pytest

from clem_icd.icd import CodeSystem, instructions_for, is_billable
from clem_icd.icd.instructions import _note


@pytest.mark.parametrize(
    ("code", "other"),
    [
        ("E11.9", "E10.9"),  # at the category, with a dash
        ("I50.22", "I50.43"),  # at the subcategory
        ("J44.1", "J68.0"),
        ("E83.30", "P71.4"),
    ],
)
def test_excludes1_notes_apply_to_all_codes_below(code: str, other: str) -> None:
    assert any(note.names(other) for note in instructions_for(code).excludes1)


def test_a_chapter_excludes_for_all_of_its_codes() -> None:
    [note] = [note for note in instructions_for("E11.9").excludes1 if note.names("P70.2") and note.at == "4"]
    assert note.ranges == (("P70", "P74"),)


def test_what_comes_first_and_what_is_coded_as_well() -> None:
    assert any(note.names("E85.4") for note in instructions_for("I43").code_first)
    assert any(note.names("N18.4") for note in instructions_for("E11.22").use_additional)
    assert not any(note.names("N17.9") for note in instructions_for("E11.22").use_additional)


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("gout (M10.-)", (("M10", "M10"),)),
        ("surgery (I97.13-)", (("I9713", "I9713"),)),
        ("kidney disease (N18.1-N18.6)", (("N181", "N186"),)),
        ("pregnancy (O00-O07, O08.8)", (("O00", "O07"), ("O088", "O088"))),
        ("one (A01.0) or two (B02.- and C03)", (("A010", "A010"), ("B02", "B02"), ("C03", "C03"))),
        ("heart failure (congestive)", ()),
        ("diabetes (E08-E13 with .44)", ()),
        ("none", ()),
    ],
)
def test_codes_in_parentheses_are_read_and_conditions_are_not(text: str, ranges: tuple[object, ...]) -> None:
    assert _note("X", text).ranges == ranges


def test_a_range_holds_what_is_below_its_ends() -> None:
    note = _note("X", "kidney disease (N18.1-N18.6), gout (M10.-)")
    assert [note.names(code) for code in ("N18.1", "N18.32", "N18.6", "M10.9", "M10.011")] == [True] * 5
    assert [note.names(code) for code in ("N18", "N18.9", "N17.9", "M1A.0", "M11.0")] == [False] * 5


def test_a_code_that_the_list_does_not_have_has_no_instructions() -> None:
    found = instructions_for("Z99.99")
    assert (found.excludes1, found.code_first, found.use_additional) == ((), (), ())


@pytest.mark.parametrize(
    ("code", "system", "expected"),
    [
        ("I10", CodeSystem.ICD10CM, True),
        ("I50", CodeSystem.ICD10CM, False),
        ("I50.2", CodeSystem.ICD10CM, False),
        ("X99.99", CodeSystem.ICD10CM, None),
        ("250.00", CodeSystem.ICD9CM, True),
        ("250.0", CodeSystem.ICD9CM, False),
        ("250", CodeSystem.ICD9CM, False),
        ("02100Z9", CodeSystem.ICD10PCS, True),
        ("0210", CodeSystem.ICD10PCS, False),
        ("99291", CodeSystem.CPT, None),
    ],
)
def test_categories_cannot_be_billed(code: str, system: CodeSystem, expected: bool | None) -> None:
    assert is_billable(code, system) is expected
