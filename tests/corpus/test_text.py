"""Reading the text of a note, and refusing what cannot be one."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.corpus import MAX_CHARACTERS, check_text, decode_note, read_note
from clem_icd.corpus.text import flaw_in, is_flawed
from clem_icd.errors import NoteError

# Part of every unusable note; no message may contain it.
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
def test_unusable_file_is_refused_without_showing_its_text(tmp_path: Path, name: str) -> None:
    content, message = BAD[name]
    path = tmp_path / "note.txt"
    path.write_bytes(content)
    with pytest.raises(NoteError) as caught:
        read_note(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.remedy
    assert CANARY not in str(caught.value)
    # A traceback also shows the errors before this one.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NoteError, match="no such file"):
        read_note(tmp_path / "absent.txt")
    with pytest.raises(NoteError, match="cannot be read"):
        read_note(tmp_path)


def test_half_of_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(NoteError, match="surrogate") as caught:
        check_text(f"{CANARY} \ud83d")
    assert CANARY not in str(caught.value)


def test_length_limit_is_inclusive() -> None:
    assert len(check_text("x" * MAX_CHARACTERS)) == MAX_CHARACTERS
    with pytest.raises(NoteError, match="1,000,001 characters"):
        check_text("x" * (MAX_CHARACTERS + 1))


def test_line_ends_and_blanks_are_kept_but_a_byte_order_mark_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes(b"\xef\xbb\xbf  pain\r\nno fever\n ")
    assert read_note(path) == "  pain\r\nno fever\n "


@settings(max_examples=50)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_any_text_round_trips(text: str) -> None:
    text += "x"
    assert decode_note(text.encode(), "name") == text.removeprefix("\ufeff")


BLANKS = " \t\r\n\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\u200b"


@settings(max_examples=50)
@given(st.lists(st.one_of(st.text(BLANKS, max_size=3), st.text(st.characters(codec="utf-8"), max_size=4))))
def test_column_check_agrees_with_the_check_of_each_text(texts: list[str]) -> None:
    found = pl.DataFrame({"text": texts}, {"text": pl.String}).select(is_flawed(pl.col("text"))).to_series()

    assert found.to_list() == [flaw_in(text) is not None for text in texts]


def test_column_check_has_the_same_length_limit() -> None:
    texts = pl.DataFrame({"text": ["\u00e9" * MAX_CHARACTERS, "\u00e9" * (MAX_CHARACTERS + 1)]})

    assert texts.select(is_flawed(pl.col("text"))).to_series().to_list() == [False, True]
