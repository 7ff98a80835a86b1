from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clem_icd.icd import CodeSystem, without_mark


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("E11.90+", "E11.90"),
        ("E11.40†", "E11.40"),
        ("H36.0*", "H36.0"),
        ("B95.6!", "B95.6"),
        ("g632 *", "g632"),
        (" E11.40†\ufeff", "E11.40"),
        ("Z33!", "Z33"),
        ("I20.0+0*", "I20.0+0"),
    ],
)
def test_a_mark_after_a_code_is_removed_and_reported(text: str, code: str) -> None:
    assert without_mark(text, CodeSystem.ICD10) == (code, True)


@pytest.mark.parametrize(
    "text", ["E11.9", " I20.0+0", "B24+0", "", "+", "J21.8+ B95.6*", "Acute pain!", "E11.9+!"]
)
def test_other_texts_are_returned_unchanged(text: str) -> None:
    assert without_mark(text, CodeSystem.ICD10) == (text, False)


@pytest.mark.parametrize("system", [system for system in CodeSystem if system is not CodeSystem.ICD10])
def test_other_systems_have_no_marks(system: CodeSystem) -> None:
    assert without_mark("E11.9+", system) == ("E11.9+", False)


@given(st.from_regex(r"[A-Z][0-9]{2}(\.[0-9]{1,3})?", fullmatch=True), st.sampled_from("†+*!"))
def test_every_code_survives_its_mark(code: str, mark: str) -> None:
    assert without_mark(code, CodeSystem.ICD10) == (code, False)
    assert without_mark(code + mark, CodeSystem.ICD10) == (code, True)
