"""From bytes to text."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.errors import NoteError
from clem_icd.texts.decoding import decode, encoding_remedy, is_utf8_beyond_ascii, unicode_encoding

CANARY = "SECRETPATIENT"


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "utf_8", "U8", "utf-8-sig"])
def test_every_name_of_utf_8_reads_utf_8_without_its_mark(encoding: str) -> None:
    assert decode("\ufeffÜbelkeit".encode(), encoding) == ("Übelkeit", ())


@pytest.mark.parametrize("encoding", [None, "utf-8", "UTF-8", "utf-8-sig"])
def test_utf_16_is_recognised_under_every_name_of_utf_8(encoding: str | None) -> None:
    assert decode("Übelkeit".encode("utf-16"), encoding) == ("Übelkeit", ("UTF-16",))


def test_every_layer_is_named_from_the_outside_in() -> None:
    assert decode(gzip.compress("Übelkeit".encode("utf-16"))) == ("Übelkeit", ("gzip", "UTF-16"))


def test_a_named_encoding_is_not_guessed() -> None:
    assert decode("Übelkeit".encode("utf-16-le"), "utf-16-le") == ("Übelkeit", ())
    assert decode("no fever".encode("cp037"), "cp037") == ("no fever", ())


def test_utf_32_is_not_taken_for_utf_16_whose_mark_it_shares() -> None:
    assert unicode_encoding("pain".encode("utf-32")) == "utf-32"
    assert unicode_encoding("pain".encode("utf-16")) == "utf-16"


@pytest.mark.parametrize(
    "content", [b"", b"a", b"ab", b"\0", b"\0\0\0\0", b"a\0", b"No fever.\0", b"pain" * 9]
)
def test_bytes_with_few_or_only_nuls_are_not_taken_for_utf_16(content: bytes) -> None:
    assert unicode_encoding(content) is None


@settings(max_examples=100)
@given(st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=3), st.sampled_from("lb"))
def test_utf_16_without_its_mark_is_recognised(text: str, order: str) -> None:
    name = f"utf-16-{order}e"
    assert unicode_encoding(text.encode(name)) == name
    assert unicode_encoding(text.encode()) is None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"pain", False),
        ("é".encode(), True),
        ("pain é in the é".encode()[:-1], True),
        ("pain é".encode("cp1252"), False),
        (b"\xe9 pain", False),
    ],
)
def test_utf_8_beyond_ascii_is_told_from_other_encodings(content: bytes, expected: bool) -> None:
    assert is_utf8_beyond_ascii(content) is expected


def test_remedy_names_ebcdic_only_where_blanks_show_it() -> None:
    assert "cp037" in encoding_remedy("no fever and no pain".encode("cp037"))
    assert "cp1252" in encoding_remedy("café @ home".encode("cp1252"))


@pytest.mark.parametrize(
    "encoding",
    ["rot13", "base64", "zlib", "no-such", "undefined", "idna", "unicode_escape", "a\0", "\ud83d", ""],
)
def test_an_encoding_that_is_not_one_of_text_is_refused(encoding: str) -> None:
    with pytest.raises(NoteError, match="not a known encoding") as caught:
        decode(CANARY.encode(), encoding)
    assert CANARY not in str(caught.value)


def test_the_limit_of_decompression_can_be_lifted() -> None:
    content = gzip.compress(b"a" * 5_000_001)
    with pytest.raises(NoteError, match="more than 1,000,000 characters"):
        decode(content)
    assert len(decode(content, most=None)[0]) == 5_000_001


def test_a_file_in_gzip_is_refused_by_its_name() -> None:
    with pytest.raises(NoteError, match="is a PDF document"):
        decode(gzip.compress(b"%PDF-1.7 " + CANARY.encode()))
