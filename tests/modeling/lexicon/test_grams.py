"""Runs of words as numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clem_icd.modeling.lexicon.grams import run_number, runs_in
from clem_icd.modeling.lexicon.words import Words, read_words

TEXTS = st.lists(st.sampled_from(["renal", "acute", "failure", "the", ". ", "\n\n"]), max_size=30).map(
    " ".join
)


def runs_of(words: Words, longest: int) -> list[tuple[int, int]]:
    """Every run within a sentence, by plain loops, shorter ones first."""
    return [
        (begin, begin + length)
        for length in range(1, longest + 1)
        for begin in range(len(words) - length + 1)
        if words.sentences[begin] == words.sentences[begin + length - 1]
    ]


@given(TEXTS, st.integers(1, 5))
def test_runs_are_all_those_within_a_sentence(text: str, longest: int) -> None:
    words = read_words(text, "en")
    runs = runs_in(words, longest)
    assert list(zip(runs.begins.tolist(), runs.ends.tolist(), strict=True)) == runs_of(words, longest)


@given(TEXTS, st.integers(1, 5))
def test_runs_have_equal_numbers_if_and_only_if_their_stems_are_equal(text: str, longest: int) -> None:
    words = read_words(text, "en")
    runs = runs_in(words, longest)
    numbers: dict[tuple[int, ...], int] = {}
    for number, begin, end in zip(runs.numbers.tolist(), runs.begins, runs.ends, strict=True):
        assert numbers.setdefault(tuple(words.stems[begin:end].tolist()), number) == number
    assert len(set(numbers.values())) == len(numbers)


@given(TEXTS, st.integers(1, 5))
def test_the_number_of_a_run_alone_is_its_number_in_a_note(text: str, longest: int) -> None:
    words = read_words(text, "en")
    runs = runs_in(words, longest)
    alone = [run_number(words.stems[begin:end]) for begin, end in zip(runs.begins, runs.ends, strict=True)]
    assert alone == runs.numbers.tolist()


def test_the_order_of_words_matters() -> None:
    words = read_words("renal failure renal", "en")
    one, other = (runs_in(words, 2).numbers[at] for at in (3, 4))
    assert one != other


def test_an_empty_note_has_no_runs() -> None:
    runs = runs_in(read_words("", "en"), 4)
    assert (len(runs.numbers), len(runs.begins), len(runs.ends)) == (0, 0, 0)
    assert runs.numbers.dtype == np.uint64
