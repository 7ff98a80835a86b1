from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clem_icd.errors import CodeError
from clem_icd.icd import Code, CodeSystem, is_well_formed

ICD9CM, ICD9PCS, ICD10CM, ICD10PCS, ICD10, CPT = CodeSystem


def refusal(text: str, system: CodeSystem) -> str:
    with pytest.raises(CodeError) as raised:
        Code.parse(text, system)
    assert raised.value.remedy
    message = str(raised.value)
    assert "\n" not in message
    assert re.search(rf"does not have the shape of an? {re.escape(system.title)} code", message)
    return message


@pytest.mark.parametrize(
    ("text", "character"),
    [
        ("\u041511.9", "U+0415 CYRILLIC CAPITAL LETTER IE"),
        ("\uff2511.9", "U+FF25 FULLWIDTH LATIN CAPITAL LETTER E"),
        ("E11\u00b79", "U+00B7 MIDDLE DOT"),
        ("\u013110", "U+0131 LATIN SMALL LETTER DOTLESS I"),
        ("E11\ue000", "U+E000"),
        ("Schmerzen im Rücken seit gestern", "U+00FC LATIN SMALL LETTER U WITH DIAERESIS"),
    ],
)
def test_a_character_outside_ascii_is_named(text: str, character: str) -> None:
    message = refusal(text, ICD10CM)
    assert f": it contains {character}. Write codes in ASCII" in message
    assert "Schmerzen" not in message


@pytest.mark.parametrize("text", ["nan", "NaN", "NULL", "None", "N/A", "\\N", "-", "<NA>", " null\u00a0"])
@pytest.mark.parametrize("system", CodeSystem)
def test_a_missing_value_is_recognized(text: str, system: CodeSystem) -> None:
    assert "is how a program writes a missing value. Leave a missing code empty" in refusal(text, system)


@pytest.mark.parametrize(
    ("text", "system"),
    [
        ("8E+21", ICD10PCS),
        ("1.23e-05", ICD9CM),
        ("1-Oct", ICD9PCS),
        ("01. Okt", ICD10CM),
        ("Mar-10", ICD10CM),
        ("10/1/2024", ICD9CM),
        ("2024-10-01 00:00:00", ICD9CM),
        ("250,0", ICD9CM),
        ("E11,9", ICD10),
        ("25000.0", ICD9CM),
        ("0.66", ICD9PCS),
    ],
)
def test_what_a_spreadsheet_makes_of_a_code_is_recognized(text: str, system: CodeSystem) -> None:
    assert "spreadsheet reformatted. Make the column text" in refusal(text, system)


def test_a_mark_of_icd10_is_recognized() -> None:
    assert "a mark (†, +, * or !) follows the code. Remove the mark" in refusal("E11.90+", ICD10)
    assert "mark" not in refusal("E11.90+", ICD10CM)


def test_a_code_of_the_us_is_recognized_in_icd10() -> None:
    assert "it has that of an ICD-10-CM code. Use icd10cm" in refusal("W21.89XA", ICD10)


@pytest.mark.parametrize(
    ("text", "system"),
    [("37.23", ICD9CM), ("I10", ICD9CM), ("250.00", ICD10CM), ("E10l", ICD10), ("9929", CPT)],
)
def test_other_texts_are_refused_with_an_example(text: str, system: CodeSystem) -> None:
    assert re.search(r" code\. Expected something like \S+, as text\.$", refusal(text, system))


@given(st.text(min_size=9, max_size=200), st.sampled_from(CodeSystem))
def test_a_long_text_is_never_quoted(text: str, system: CodeSystem) -> None:
    if len(text.strip()) <= 8 or is_well_formed(text, system):
        return
    with pytest.raises(CodeError) as raised:
        Code.parse(text, system)
    assert raised.value.found.startswith(("a text of", "'"))
    quoted = re.match(r"'(.*)' does not", raised.value.found)
    assert quoted is None or len(quoted[1]) <= 10
