"""Reading notes from files, and refusing what cannot be one."""

from __future__ import annotations

import gzip
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.errors import NoteError
from clem_icd.texts import PlainText, decode_note, read_note

# Part of every unusable note; no message may contain it.
CANARY = "SECRETPATIENT"

BAD = {
    "zero bytes": (b"", "is empty"),
    "only blanks": (b" \r\n\t\xc2\xa0", "is empty"),
    "only a byte order mark": (b"\xef\xbb\xbf", "is empty"),
    "NUL": (f"{CANARY}\0".encode(), "NUL"),
    "Latin-1": (f"caf\u00e9 {CANARY}".encode("latin-1"), "byte 3"),
    "cut UTF-16": (CANARY.encode("utf-16")[:-1], "not intact UTF-16"),
    "EBCDIC": (f"{CANARY} has no fever and no pain".encode("cp037"), "name its encoding: cp037"),
    "PDF": (b"%PDF-1.7\n" + CANARY.encode(), "is a PDF document"),
    "ZIP": (b"PK\x03\x04\x14\0" + CANARY.encode(), "is a ZIP archive"),
    "Word": (b"PK\x03\x04\x14\0[Content_Types].xml word/document.xml" + CANARY.encode(), ".docx"),
    "RTF": (b"{\\rtf1\\ansi " + CANARY.encode(), "is an RTF document"),
    "truncated gzip": (gzip.compress(CANARY.encode() * 50, mtime=0)[:-9], "not an intact gzip"),
    "gzip in gzip": (gzip.compress(gzip.compress(CANARY.encode(), mtime=0), mtime=0), "is a gzip file"),
    "gzip of 5 MB": (gzip.compress(b" " * 5_000_000, mtime=0), "decompresses to more"),
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
    with pytest.raises(NoteError, match="is a folder"):
        read_note(tmp_path)


def test_line_ends_and_blanks_are_kept_but_a_byte_order_mark_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes(b"\xef\xbb\xbf  pain\r\nno fever\n ")
    assert read_note(path) == PlainText("  pain\r\nno fever\n ")


@settings(max_examples=50)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_any_text_round_trips(text: str) -> None:
    text += " x"
    found = decode_note(text.encode(), "name", wrapped="keep").text
    assert found == text.removeprefix("\ufeff")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_utf_16_and_utf_32_are_read_with_and_without_their_mark(encoding: str) -> None:
    text = "Na\u00efve pain\r\nno fever \U0001f642"

    found = decode_note(text.encode(encoding), "note.txt")

    assert found == PlainText(text, (encoding[:6].upper(),))


def test_gzipped_note_is_read_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes(gzip.compress("No fever.".encode("utf-16")))

    assert read_note(path) == PlainText("No fever.", ("gzip", "UTF-16"))


def test_named_encoding_is_used_but_not_against_the_evidence() -> None:
    text = "10 \u00b5g"
    assert decode_note(text.encode("cp1252"), "note.txt", encoding="cp1252") == PlainText(text)
    with pytest.raises(NoteError, match="is UTF-8 text, not cp1252"):
        decode_note(text.encode(), "note.txt", encoding="cp1252")
    with pytest.raises(NoteError, match="'utf-9', which is not a known encoding"):
        decode_note(text.encode(), "note.txt", encoding="utf-9")


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_note_or_a_named_error(content: bytes) -> None:
    with suppress(NoteError):
        assert decode_note(content, "note.txt").text.strip()
