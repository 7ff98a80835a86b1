"""Text files are opened as what they are, whatever their name."""

from __future__ import annotations

import codecs
import gzip
from pathlib import Path
from typing import Any

import pytest

from clem_icd.errors import SourceError
from clem_icd.tabular.opening import format_of_file, is_gzip, is_plain_utf8, open_text
from clem_icd.texts.formats import PARQUET

TEXT = "note_id,text\r\n1,caf\u00e9 \U0001f642\r2\n"


def write(path: Path, content: bytes, *, zipped: bool = False) -> Path:
    path.write_bytes(gzip.compress(content) if zipped else content)
    return path


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
    ],
)
def test_unicode_is_recognised_and_line_ends_stay(tmp_path: Path, content: bytes, zipped: bool) -> None:
    path = write(tmp_path / "t.csv", content, zipped=zipped)
    with open_text(path) as stream:
        assert stream.read() == TEXT
    assert is_gzip(path) is zipped
    assert is_plain_utf8(path) is (b"\0" not in content)


def test_named_encoding_is_used(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "caf\u00e9".encode("cp1252"))
    with open_text(path, "cp1252") as stream:
        assert stream.read() == "caf\u00e9"


@pytest.mark.parametrize("encoding", ["utf-8", "UTF-8", "U8", "utf_8_sig"])
@pytest.mark.parametrize("written", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_name_of_utf_8_recognises_marks_and_utf_16(tmp_path: Path, encoding: str, written: str) -> None:
    with open_text(write(tmp_path / "t.csv", "caf\u00e9".encode(written)), encoding) as stream:
        assert stream.read() == "caf\u00e9"


def test_bytes_in_another_encoding_become_lone_surrogates(tmp_path: Path) -> None:
    with open_text(write(tmp_path / "t.csv", b"caf\xe9")) as stream:
        assert stream.read() == "caf\udce9"


@pytest.mark.parametrize(
    ("content", "encoding", "fragments"),
    [
        (b"PAR1", "utf-8", ["a parquet file"]),
        (b"%PDF-1.7 SECRETPATIENT", "utf-8", ["a PDF document", "pdftotext"]),
        (b"<html>SECRETPATIENT", "utf-8", ["HTML or XML"]),
        ("caf\u00e9".encode(), "cp1252", ["is UTF-8 text, not cp1252", "Leave out the encoding"]),
        *(
            (b"a", name, [f"'{name}'", "not a known encoding"])
            for name in ("utf-99", "undefined", "idna", "hex")
        ),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_another_format_or_encoding_is_refused(
    tmp_path: Path, refused: Any, content: bytes, encoding: str, fragments: list[str], zipped: bool
) -> None:
    path = write(tmp_path / "t.csv", content, zipped=zipped)
    with refused(SourceError, "t.csv", *fragments), open_text(path, encoding):
        pass


def test_damaged_gzip_is_left_to_the_reader(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", gzip.compress(b"a\n" * 99)[:-9])
    with open_text(path) as stream, pytest.raises(EOFError):
        stream.read()


def test_format_of_text_and_gzip_is_none(tmp_path: Path, refused: Any) -> None:
    assert format_of_file(write(tmp_path / "a", b"text")) is None
    assert format_of_file(write(tmp_path / "b", b"text", zipped=True)) is None
    assert format_of_file(write(tmp_path / "c", b"PAR1")) is PARQUET
    with refused(SourceError, "absent", "no such file"):
        format_of_file(tmp_path / "absent")
