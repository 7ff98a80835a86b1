from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clem_icd.evidence import words_in


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Acute-on-chronic CHF", [(0, "acute"), (6, "on"), (9, "chronic"), (17, "chf")]),
        ("10 mg of 11 mg, 0010", [(0, "10"), (3, "mg"), (6, "of"), (12, "mg"), (16, "0010")]),
        ("110 100 x9 naïve_1", [(8, "x9"), (11, "naïve_1")]),
        ("cm² ² ½", [(0, "cm²"), (4, "²"), (6, "½")]),
        ("İ a", [(0, "i"), (3, "a")]),
        ("... (-)", []),
    ],
)
def test_words_are_runs_of_letters_and_digits_without_large_numbers(
    text: str, words: list[tuple[int, str]]
) -> None:
    assert list(words_in(text)) == words


def test_numbers_of_any_length_are_recognised() -> None:
    assert list(words_in("9" * 5000)) == []
    assert len(list(words_in("0" * 5000 + "7"))) == 1


@given(st.text(max_size=40))
def test_every_word_starts_at_its_offset(text: str) -> None:
    for begin, word in words_in(text):
        assert text.lower()[begin:].startswith(word)
