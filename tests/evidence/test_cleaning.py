from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clem_icd.corpus import Evidence
from clem_icd.evidence import merge_adjacent, trim
from clem_icd.icd import Code, CodeSystem

CHF = Code("428.0", CodeSystem.ICD9CM)
COPD = Code("496", CodeSystem.ICD9CM)


def span(text: str, part: str, code: Code = CHF) -> Evidence:
    begin = text.index(part)
    return Evidence(code, begin, begin + len(part))


@pytest.mark.parametrize(
    ("part", "left"),
    [
        (" - CHF, ", "CHF"),
        ("CHF", "CHF"),
        (") CHF (", "CHF"),
        ("(CHF)", "(CHF)"),
        ("\tCHF.\n", "CHF"),
        ("CHF;", "CHF;"),
        ("\u00a0CHF", "\u00a0CHF"),
    ],
)
def test_punctuation_and_whitespace_are_stripped_from_both_ends(part: str, left: str) -> None:
    text = f"x{part}y"
    trimmed = trim(Evidence(CHF, 1, 1 + len(part)), text)
    assert text[trimmed.begin : trimmed.end] == left


def test_a_span_of_punctuation_becomes_an_empty_span_at_its_end() -> None:
    assert trim(Evidence(CHF, 1, 4), "x.-.y") == Evidence(CHF, 4, 4)


@given(st.text(alphabet="ab().- \n", max_size=20), st.data())
def test_trimming_is_idempotent(text: str, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, len(text)))
    once = trim(Evidence(CHF, begin, end), text)
    assert begin <= once.begin <= once.end <= end
    assert trim(once, text) == once


def test_spans_of_one_code_are_joined_only_across_punctuation() -> None:
    text = "severe, (acute) CHF and edema"
    parts = [span(text, "acute"), span(text, "severe"), span(text, "CHF"), span(text, "edema")]
    joined, alone = merge_adjacent(parts, text)
    assert text[joined.begin : joined.end] == "severe, (acute) CHF"
    assert text[alone.begin : alone.end] == "edema"


def test_a_span_of_another_code_in_between_prevents_joining() -> None:
    text = "acute CHF edema"
    parts = [span(text, "acute"), span(text, "CHF", COPD), span(text, "edema")]
    assert merge_adjacent(parts, text) == parts


def test_a_merged_span_ends_where_its_last_part_ends() -> None:
    text = "acute on chronic CHF"
    outer, inner = Evidence(CHF, 0, len(text)), span(text, "on")
    assert merge_adjacent([inner, outer], text) == [Evidence(CHF, 0, inner.end)]
