"""From bytes to the text of a note, and what is no note."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.corpus import MAX_CHARACTERS, check_text, decode_note, read_note
from clem_icd.corpus.text import flaw_in, is_flawed
from clem_icd.errors import NoteError

# Stands in every bad note: no message may hold it.
CANARY = "SECRETPATIENT"

BAD = {
    "zero bytes": (b"", "is empty"),
    "only blanks": (b" \r\n\t\xc2\xa0", "is empty"),
    "only a byte order mark": (b"\xef\xbb\xbf", "is empty"),
    "NUL": (f"{CANARY}\0".encode(), "NUL"),
    "Latin-1": (f"caf\u00e9 {CANARY}".encode("latin-1"), "byte 3"),
    "UTF-16": (CANARY.encode("utf-16"), "byte 0"),
    "half of a surrogate pair": (CANARY.encode() + b" \xed\xa0\x80", "byte 14"),
    "cut within a character": (f"{CANARY} \U0001f642".encode()[:-1], "byte 14"),
    "10 MB": (f"{CANARY} ".encode() * 750_000, "10,500,000 characters"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_without_its_text(tmp_path: Path, name: str) -> None:
    content, message = BAD[name]
    path = tmp_path / "note.txt"
    path.write_bytes(content)
    with pytest.raises(NoteError) as caught:
        read_note(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.remedy
    assert CANARY not in str(caught.value)
    # A traceback shows the errors before this one as well.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoteError, match="no such file"):
        read_note(tmp_path / "absent.txt")
    with pytest.raises(NoteError, match="cannot be read"):
        read_note(tmp_path)


def test_half_of_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(NoteError, match="surrogate") as caught:
        check_text(f"{CANARY} \ud83d")
    assert CANARY not in str(caught.value)


def test_the_longest_note_is_a_note_and_one_more_character_is_not() -> None:
    assert len(check_text("x" * MAX_CHARACTERS)) == MAX_CHARACTERS
    with pytest.raises(NoteError, match="1,000,001 characters"):
        check_text("x" * (MAX_CHARACTERS + 1))


def test_line_ends_and_blanks_stay_and_a_byte_order_mark_goes(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes(b"\xef\xbb\xbf  pain\r\nno fever\n ")
    assert read_note(path) == "  pain\r\nno fever\n "


@settings(max_examples=50)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_any_text_goes_round(text: str) -> None:
    text += "x"
    assert decode_note(text.encode(), "name") == text.removeprefix("\ufeff")


BLANKS = " \t\r\n\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\u200b"


@settings(max_examples=50)
@given(st.lists(st.one_of(st.text(BLANKS, max_size=3), st.text(st.characters(codec="utf-8"), max_size=4))))
def test_a_column_is_checked_as_each_of_its_texts(texts: list[str]) -> None:
    found = pl.DataFrame({"text": texts}, {"text": pl.String}).select(is_flawed(pl.col("text"))).to_series()

    assert found.to_list() == [flaw_in(text) is not None for text in texts]


def test_a_column_has_the_same_limit_of_length() -> None:
    texts = pl.DataFrame({"text": ["\u00e9" * MAX_CHARACTERS, "\u00e9" * (MAX_CHARACTERS + 1)]})

    assert texts.select(is_flawed(pl.col("text"))).to_series().to_list() == [False, True]
