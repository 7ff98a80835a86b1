"""Notes as stems with their positions."""

from __future__ import annotations

import time
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clem_icd.modeling.lexicon.language import LANGUAGES, Language
from clem_icd.modeling.lexicon.words import Words, read_words, stem_number


def spellings(words: Words, text: str) -> list[str]:
    return [text[begin:end] for begin, end in zip(words.begins, words.ends, strict=True)]


@given(st.text(), st.sampled_from(LANGUAGES))
def test_words_are_half_open_stretches_of_the_raw_text_in_order(text: str, language: Language) -> None:
    words = read_words(text, language)

    assert len({len(part) for part in (words.stems, words.roots, words.begins, words.ends)}) == 1
    assert (words.begins < words.ends).all()
    assert (words.ends[:-1] <= words.begins[1:]).all()
    assert words.ends.max(initial=0) <= len(text)
    assert (words.stems > 0).all()
    assert (np.diff(words.sentences) >= 0).all()
    for spelled, number in zip(spellings(words, text), words.stems, strict=True):
        [alone] = read_words(spelled, language).stems
        assert alone == number


@given(st.text(alphabet="áéíóúñü neumoíacolt.,;\n12"), st.sampled_from(LANGUAGES))
def test_composed_and_decomposed_accents_are_the_same_words(text: str, language: Language) -> None:
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    one, other = read_words(composed, language), read_words(decomposed, language)

    assert one.stems.tolist() == other.stems.tolist()
    assert one.roots.tolist() == other.roots.tolist()
    assert one.sentences.tolist() == other.sentences.tolist()
    assert [unicodedata.normalize("NFC", word) for word in spellings(other, decomposed)] == spellings(
        one, composed
    )


def test_a_number_keeps_its_decimals_and_nothing_more() -> None:
    text = "K 6.1, pH 7,35. INR 2.5."
    assert spellings(read_words(text, "en"), text) == ["K", "6.1", "pH", "7,35", "INR", "2.5"]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("fever. cough", [0, 1]),
        ("fever, cough", [0, 0]),
        ("fever; cough! rash? edema", [0, 1, 2, 3]),
        ("fever\ncough", [0, 0]),
        ("fever\n\ncough", [0, 1]),
        ("fever\r\n\r\ncough", [0, 1]),
        ("fever\n \t\ncough", [0, 1]),
        ("fever\n- cough", [0, 1]),
        ("fever\n2. cough", [0, 2]),
    ],
)
def test_sentences_end_at_stops_empty_lines_and_list_items(text: str, sentences: list[int]) -> None:
    words = read_words(text, "en")
    content = [at for word, at in zip(spellings(words, text), words.sentences, strict=True) if word.isalpha()]
    assert content == sentences


def test_function_words_have_no_stem_in_their_language_only() -> None:
    assert spellings(read_words("the pain of the knee", "en"), "the pain of the knee") == ["pain", "knee"]
    assert len(read_words("dolor de la rodilla", "es")) == 2
    assert len(read_words("dolor de la rodilla", "other")) == 4


def test_inflections_share_a_stem() -> None:
    fracture, fractures = read_words("fracture fractures", "en").stems
    fractura, fracturas = read_words("fractura FRACTURAS", "es").stems
    assert fracture == fractures
    assert fractura == fracturas


def test_the_number_of_a_stem_never_changes() -> None:
    assert stem_number("pneumonia") == 12659783995891612274


@pytest.mark.parametrize(
    "text",
    [
        " " * 1_000_000,
        "a" * 1_000_000,
        "." * 1_000_000,
        "1." * 500_000,
        "\n " * 500_000,
        "\n" + " \t" * 500_000,
        "a\u0301" * 500_000,
    ],
    ids=["blanks", "letters", "dots", "numbers", "lines", "blank line", "accents"],
)
def test_a_megabyte_of_anything_is_read_in_linear_time(text: str) -> None:
    begin = time.perf_counter()
    read_words(text, "en")
    assert time.perf_counter() - begin < 3
