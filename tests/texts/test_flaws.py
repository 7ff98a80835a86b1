"""What the text of a note must be."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.errors import NoteError
from clem_icd.texts import MAX_CHARACTERS, check_text
from clem_icd.texts.flaws import flaw_in, is_flawed

# Part of every unusable note; no message may contain it.
CANARY = "SECRETPATIENT"


def test_half_of_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(NoteError, match="surrogate") as caught:
        check_text(f"{CANARY} \ud83d")
    assert CANARY not in str(caught.value)


def test_length_limit_is_inclusive() -> None:
    assert len(check_text("x" * MAX_CHARACTERS)) == MAX_CHARACTERS
    with pytest.raises(NoteError, match="1,000,001 characters"):
        check_text("x" * (MAX_CHARACTERS + 1))


BLANKS = " \t\r\n\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\u200b"


@settings(max_examples=50)
@given(st.lists(st.one_of(st.text(BLANKS, max_size=3), st.text(st.characters(codec="utf-8"), max_size=4))))
def test_column_check_agrees_with_the_check_of_each_text(texts: list[str]) -> None:
    found = pl.DataFrame({"text": texts}, {"text": pl.String}).select(is_flawed(pl.col("text"))).to_series()

    assert found.to_list() == [flaw_in(text) is not None for text in texts]


def test_column_check_has_the_same_length_limit() -> None:
    texts = pl.DataFrame({"text": ["\u00e9" * MAX_CHARACTERS, "\u00e9" * (MAX_CHARACTERS + 1)]})

    assert texts.select(is_flawed(pl.col("text"))).to_series().to_list() == [False, True]
