from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clem_icd.icd import Code, CodeSystem, ancestors, cleaned, default_codebook, icd10_to_icd9, is_well_formed

INVISIBLE = ["\ufeff", "\u200b", "\u200d", "\u2060", "\u00ad", "\u200e", "\u202b", "\u061c"]
BLANKS = ["\u00a0", "\u202f", "\u3000", "\u2009", "\t", "\n"]


@pytest.mark.parametrize("invisible", INVISIBLE)
def test_invisible_characters_are_removed_anywhere(invisible: str) -> None:
    text = f"{invisible}E{invisible}11.9{invisible}"
    assert cleaned(text) == "E11.9"
    assert is_well_formed(text, CodeSystem.ICD10CM)
    assert Code.parse(text, CodeSystem.ICD10CM).value == "E11.9"
    assert Code.normalized(text, CodeSystem.ICD10CM).value == "E11.9"


@pytest.mark.parametrize("blank", BLANKS)
def test_blanks_are_removed_only_at_the_ends(blank: str) -> None:
    assert Code.parse(f"{blank}e119{blank}", CodeSystem.ICD10CM).value == "E11.9"
    assert not is_well_formed(f"E11{blank}9", CodeSystem.ICD10CM)


def test_an_invisible_character_does_not_hide_a_blank() -> None:
    assert cleaned("\ufeff \u200b E11.9 \u200b") == "E11.9"


def test_titles_hierarchy_and_mapping_read_the_same_text() -> None:
    code = "\ufeffI10\u00a0"
    assert default_codebook().title(code, CodeSystem.ICD10CM) == "Essential (primary) hypertension"
    assert ancestors("E11.9\u200b", CodeSystem.ICD10CM) == ["E11"]
    assert icd10_to_icd9(code) == ["401.0", "401.1", "401.9"]


noisy = st.text(st.sampled_from([*"E119.x ", *INVISIBLE, *BLANKS, "\u0415", "\uff25"]), max_size=12)


@given(st.text(max_size=12) | noisy)
def test_cleaning_is_idempotent(text: str) -> None:
    assert cleaned(cleaned(text)) == cleaned(text)


@given(st.text(max_size=12) | noisy, st.sampled_from(CodeSystem))
def test_what_is_read_depends_only_on_the_cleaned_text(text: str, system: CodeSystem) -> None:
    assert is_well_formed(text, system) == is_well_formed(cleaned(text), system)
    assert Code.normalized(text, system) == Code.normalized(cleaned(text), system)
