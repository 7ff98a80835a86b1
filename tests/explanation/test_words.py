"""What counts as a word, and where sentences end."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.explanation.words import read_words, words_of


def words(text: str) -> list[str]:
    return [text[begin:end] for begin, end in words_of(text).tolist()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Known hypertension, stable.", ["Known", "hypertension", "stable"]),
        ("K+ 3.2, HbA1c 7,4 or 45% of 1,200", ["K+", "3.2", "HbA1c", "7,4", "or", "45%", "of", "1,200"]),
        ("5mg at 38.5°C on 12/5", ["5mg", "at", "38.5°C", "on", "12/5"]),
        ("N17.9 (5-HT), N/V; p.o. b.i.d.", ["N17.9", "5-HT", "N/V", "p.o", "b.i.d"]),
        ("patient's o\u2019clock HER2+", ["patient's", "o\u2019clock", "HER2+"]),
        ("fever.Cough,chills", ["fever", "Cough", "chills"]),
        ("[**Name**] ___ -- a_b", ["Name", "a_b"]),
        ("ok \U0001f600 ❤\ufe0f !!", ["ok"]),
        ("a+b 3++", ["a", "b", "3++"]),
        ("", []),
    ],
)
def test_words_are_letters_and_digits_with_what_joins_them(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    "word",
    ["cafe\u0301", "e\u0301", "हिन्दी", "בְּרֵאשִׁית", "1\ufe0f\u20e3", "a\u1dc4b", "\u0645\u06cc\u200c\u062e"],
)
def test_a_word_includes_its_combining_marks_in_any_script(word: str) -> None:
    assert words(f"({word}) {word}.") == [word, word]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MI. Fever on day 2. Then home", [0, 1, 1, 1, 1, 2, 2]),
        ("the pt. has HTN; stable", [0, 0, 0, 0, 1]),
        ("7.4 mg b.i.d. for 3. days", [0, 0, 0, 0, 0, 0]),
        ("history. of", [0, 1]),
        ("fever.Cough", [0, 1]),
        ("one\ntwo\r\nthree\u2028four", [0, 1, 3, 4]),
        ("Assessment: renal failure (acute, mild)", [0, 0, 0, 0, 0]),
    ],
)
def test_sentences_end_at_marks_before_blanks_and_at_line_ends(text: str, expected: list[int]) -> None:
    assert read_words(text, len(text)).sentences.tolist() == expected


def test_only_words_that_were_read_to_their_end_count() -> None:
    assert read_words("acute renal failure", 12).places.tolist() == [[0, 5], [6, 11]]


TEXTS = st.text(
    st.one_of(st.sampled_from("ab1 .,-+%'\n_°\u0301\u200d\u05b0"), st.characters(exclude_categories=["Cs"])),
    max_size=60,
)


@settings(deadline=None)
@given(TEXTS)
def test_words_are_in_order_apart_and_never_split_a_combining_sequence(text: str) -> None:
    at = 0
    for begin, end in words_of(text).tolist():
        assert at <= begin < end <= len(text)
        assert text[begin].isalnum()
        assert not any(character.isspace() for character in text[begin:end])
        assert end == len(text) or not unicodedata.category(text[end]).startswith("M")
        at = end


@settings(deadline=None)
@given(TEXTS)
def test_every_letter_and_digit_is_in_a_word(text: str) -> None:
    inside = {place for begin, end in words_of(text).tolist() for place in range(begin, end)}
    assert {place for place, character in enumerate(text) if character.isalnum()} <= inside


@settings(deadline=None)
@given(TEXTS)
def test_sentences_are_numbered_in_order(text: str) -> None:
    numbers = read_words(text, len(text)).sentences.tolist()
    assert numbers == sorted(numbers)
