"""What holds for the cues and sections of any text."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.cues import CUE_KINDS, LANGUAGES, SECTION_KINDS, Cues, Language, cues_in, sections_in

PIECES = (
    "no", "No", "without", "denies", "fever", "PE", "and", "or", "but", "gram negative", "possible", "h/o",
    "was ruled out", "ruled out", "family history of", "mother with", "Mother:", "Dr.", "1.", "* ", "NOTE:",
    "Family History:", "Past Medical History", "PMH:", "sin", "niega", "tos", "y", "ni", "se descarta",
    "descartado", "madre", "con", "posible", "Antecedentes:", ",", ";", ".", "?", "¿", ":", "(", ")", "-",
    " - ", " ", "\n", "\n\n", "\r\n", "İ", "ß", "e\u0301", "\U0001f3e5", "\u2028", "\x1c", "\u00a0", "___",
)  # fmt: skip
NOTES = st.lists(st.sampled_from(PIECES), max_size=40).flatmap(
    lambda pieces: st.sampled_from(["", " "]).map(lambda blank: blank.join(pieces))
)
TEXTS = st.one_of(NOTES, st.text(max_size=200))
LANGUAGE = st.sampled_from(LANGUAGES)


@settings(max_examples=200, deadline=None)
@given(TEXTS, LANGUAGE)
def test_offsets_are_inside_the_text_and_cues_in_order(text: str, language: Language) -> None:
    found = cues_in(text, language).found
    for cue in found:
        assert cue.kind in CUE_KINDS
        assert 0 <= cue.begin < cue.end <= len(text)
        assert 0 <= cue.scope_begin < cue.scope_end <= len(text)
        assert cue.scope_end <= cue.begin or cue.end <= cue.scope_begin
        assert text[cue.begin : cue.end] == text[cue.begin : cue.end].strip()
    assert [cue.begin for cue in found] == sorted(cue.begin for cue in found)


@settings(max_examples=200, deadline=None)
@given(TEXTS, LANGUAGE)
def test_sections_are_in_order_and_do_not_overlap(text: str, language: Language) -> None:
    sections = sections_in(text, language)
    at = 0
    for section in sections:
        assert section.kind in SECTION_KINDS
        assert at <= section.title_begin < section.title_end <= section.begin <= section.end <= len(text)
        at = section.end
    assert not sections or at == len(text)


@settings(max_examples=200, deadline=None)
@given(TEXTS, TEXTS, LANGUAGE)
def test_text_after_a_blank_line_changes_nothing_before_it(text: str, more: str, language: Language) -> None:
    begins = np.arange(len(text))
    alone = cues_in(text, language).at_all(begins, begins + 1)
    together = cues_in(f"{text}\n\n{more}", language).at_all(begins, begins + 1)
    assert together.tolist() == alone.tolist()


@settings(max_examples=200, deadline=None)
@given(NOTES, st.data(), LANGUAGE)
def test_many_spans_get_what_each_gets_alone(text: str, data: st.DataObject, language: Language) -> None:
    cues = cues_in(text, language)
    starts = st.integers(0, len(text))
    spans = data.draw(st.lists(st.tuples(starts, st.integers(1, 20)), max_size=20))
    begins = [begin for begin, _ in spans]
    ends = [begin + length for begin, length in spans]
    masks = cues.at_all(begins, ends)
    assert masks.dtype == np.uint8
    assert masks.shape == (len(spans),)
    for begin, end, mask in zip(begins, ends, masks, strict=True):
        kinds = {cue.kind for cue in cues.governing(begin, end)}
        assert cues.at(begin, end) == kinds
        assert mask == sum(1 << CUE_KINDS.index(kind) for kind in kinds)


@pytest.mark.parametrize("language", [None, "de", ""])
def test_other_languages_have_no_cues_and_no_sections(language: str | None) -> None:
    text = "Family History:\nNo fever.\n"
    cues = cues_in(text, language)
    assert cues.found == ()
    assert cues.at(0, 5) == frozenset()
    assert cues.at_all([0, 16, 99], [5, 24, 120]).tolist() == [0, 0, 0]
    assert cues.at_all([], []).tolist() == []
    assert sections_in(text, language) == []


def test_no_cues_are_empty() -> None:
    assert Cues().at_all([3], [4]).dtype == np.uint8
    assert Cues().governing(3, 4) == ()


def test_letters_that_grow_in_lower_case_do_not_move_offsets() -> None:
    text = "İİİİ İstanbul: no fever"
    [cue] = cues_in(text, "en").found
    assert text[cue.begin : cue.end] == "no"
    assert text[cue.scope_begin : cue.scope_end] == "fever"


@pytest.mark.parametrize(
    "piece",
    ["no no ", " ", "a,", "a:\n", "? ", "mother with h/o ruled out "],
)
def test_time_is_linear_in_the_length(piece: str) -> None:
    """A quadratic search would take ten thousand times as long for a hundred times the text."""

    def seconds(length: int) -> float:
        text = (piece * (length // len(piece) + 1))[:length]
        start = time.process_time()
        cues_in(text, "en")
        return time.process_time() - start

    cues_in("no fever", "en")
    short = min(seconds(2_000) for _ in range(3))
    # Far from both, as a busy machine may take several times as long.
    assert min(seconds(200_000) for _ in range(2)) < 1_000 * short + 0.5
