from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.icd import Code, Codebook, CodeSystem, default_codebook, hint_for_unknown

ICD9CM, ICD9PCS, ICD10CM, ICD10PCS, ICD10, CPT = CodeSystem


def hint(text: str, system: CodeSystem, book: Codebook | None = None) -> str | None:
    return hint_for_unknown(Code.normalized(text, system), book or default_codebook())


@pytest.mark.parametrize(
    ("text", "system", "expected"),
    [
        ("486", ICD10CM, "may be 486 in ICD-9-CM"),
        ("V58.61", ICD10CM, "may be V58.61 in ICD-9-CM"),
        ("E11.9", ICD9CM, "may be E11.9 in ICD-10-CM"),
        ("W21.89A", ICD10CM, "may be W21.89XA (placeholder X missing)"),
        ("W00.0A", ICD10CM, "may be W00.0XXA (placeholder X missing)"),
        ("389", ICD9CM, "may be 038.9 (leading zero lost) or 389.00 (trailing zero lost)"),
        ("8.8", ICD9CM, "may be 008.8 (leading zero lost)"),
        ("250.1", ICD9CM, "may be 250.10 (trailing zero lost)"),
        ("66", ICD9PCS, "may be 06.6 (leading zero lost) or 00.66 (leading zero lost)"),
        ("E10.L", ICD10CM, "may be E10.1 (letter and digit confused)"),
        ("F1O.20", ICD10CM, "may be F10.20 (letter and digit confused)"),
        ("572.001A", ICD10CM, "may be S72.001A (letter and digit confused)"),
        ("25O.0", ICD9CM, "may be 250.0 (letter and digit confused)"),
        ("0270O46", ICD10PCS, "may be 0270046 (letter and digit confused)"),
        ("E8015", ICD10CM, "has the shape of the HCPCS code E8015"),
        ("J1885", ICD10CM, "has the shape of the HCPCS code J1885"),
    ],
)
def test_the_likely_code_is_named_with_the_reason(text: str, system: CodeSystem, expected: str) -> None:
    assert hint(text, system) == expected


@pytest.mark.parametrize(
    ("text", "system"),
    [
        ("250.00", ICD9CM),
        ("E11.9", ICD10CM),
        ("S72.001", ICD10CM),
        ("V10", ICD9CM),
        ("0270", ICD10PCS),
        ("W21.8A", ICD10CM),
        ("Z99.999", ICD10CM),
        ("999.99", ICD9CM),
        ("E11.90", ICD10),
        ("99291", CPT),
        ("", ICD10CM),
        ("1" * 40, ICD10CM),
        ("local code of a hospital", ICD9CM),
    ],
)
def test_there_is_no_hint_without_an_existing_code(text: str, system: CodeSystem) -> None:
    assert hint(text, system) is None


def test_the_codes_of_the_user_are_candidates() -> None:
    book = Codebook({Code("E10.1", ICD10): "Diabetes", Code("S72.001A", ICD10): "Fracture"})
    assert hint("E10.l", ICD10, book) == "may be E10.1 (letter and digit confused)"
    assert hint("S72.002A", ICD10, book) == "may be S72.002A in ICD-10-CM"
    assert hint("E10.7", ICD10, book) is None


characters = st.text("0123456789AEIJLOSVXWZaeilos.", min_size=1, max_size=8)


@settings(max_examples=300, deadline=None)
@given(characters, st.sampled_from(CodeSystem))
def test_every_suggested_code_exists(text: str, system: CodeSystem) -> None:
    book = default_codebook()
    said = hint(text, system)
    if said is None or said.startswith("has the shape"):
        return
    for one in said.removeprefix("may be ").split(" or "):
        found = re.fullmatch(r"(\S+) (?:in (.+)|\(.+\))", one)
        assert found is not None
        assert book.exists(found[1], CodeSystem.parse(found[2]) if found[2] else system)


def test_the_labels_of_a_large_corpus_take_seconds() -> None:
    hint("486", ICD10CM)  # reads the tables
    begin = time.monotonic()
    for number in range(8_000):
        hint(f"E{number:04}", ICD10CM)
    assert time.monotonic() - begin < 20
