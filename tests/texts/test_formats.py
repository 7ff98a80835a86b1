"""File formats are recognised by their first bytes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import tarfile
import zipfile

import polars as pl
import pytest

from clem_icd.texts.formats import GZIP, PARQUET, format_of, format_of_note


def zip_of(name: str, content: bytes = b"x") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def tar_of(name: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    return buffer.getvalue()


def parquet() -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame({"text": ["x"]}).write_parquet(buffer)
    return buffer.getvalue()


def feather() -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame({"text": ["x"]}).write_ipc(buffer)
    return buffer.getvalue()


FILES = {
    "a gzip file": gzip.compress(b"x"),
    "a bzip2 file": bz2.compress(b"x"),
    "an xz file": lzma.compress(b"x"),
    "a ZIP archive": zip_of("note.txt"),
    "a Word document (.docx)": zip_of("word/document.xml"),
    "an Excel workbook (.xlsx)": zip_of("xl/workbook.xml"),
    "an OpenDocument text (.odt)": zip_of("mimetype", b"application/vnd.oasis.opendocument.text"),
    "an OpenDocument spreadsheet (.ods)": zip_of(
        "mimetype", b"application/vnd.oasis.opendocument.spreadsheet"
    ),
    "a tar archive": tar_of("note.txt"),
    "a parquet file": parquet(),
    "a feather file": feather(),
    "a pickle, which could run code and is never read": pickle.dumps("x"),
    "a PDF document": b"%PDF-1.7\n",
    "an RTF document": b"{\\rtf1\\ansi x}",
    "an old Word or Excel file": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504),
    "a PNG image": b"\x89PNG\r\n\x1a\n\0",
    "a JPEG image": b"\xff\xd8\xff\xe0",
    "a GIF image": b"GIF89a\x01\0\x01\0",
    "a TIFF image": b"II*\0",
    "a DICOM file": bytes(128) + b"DICM",
    "an SQLite database": b"SQLite format 3\0",
    "a PostgreSQL dump": b"PGDMP\x01\x0e",
    "an HDF5 file": b"\x89HDF\r\n\x1a\n",
    "a NumPy array": b"\x93NUMPY\x01",
    "a Zstandard file": b"\x28\xb5\x2f\xfd\x04",
    "a 7-Zip archive": b"7z\xbc\xaf\x27\x1c",
    "a RAR archive": b"Rar!\x1a\x07\x01",
    "a macOS resource fork": bytes.fromhex("0005160700020000") + b"Mac OS X        ",
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
}


@pytest.mark.parametrize("name", FILES)
def test_format_is_named_with_a_remedy(name: str) -> None:
    for recognises in (format_of, format_of_note):
        found = recognises(FILES[name])
        assert found is not None
        assert found.name == name
        assert found.remedy


def test_formats_that_readers_ask_for_are_the_ones_found() -> None:
    assert format_of(gzip.compress(b"x")) is GZIP
    assert format_of(parquet()) is PARQUET


@pytest.mark.parametrize(
    "content", [b"", b"P", b"No fever.", "Übelkeit".encode(), b"PKU: normal", b"MM, CLL"]
)
def test_text_has_no_format(content: bytes) -> None:
    assert format_of(content) is None


@pytest.mark.parametrize(
    "note", ["PAR1 antagonist stopped.", "BZh\n", "GIF8", "FEA1 negative, Übelkeit", "PGDMP\r\n\tx", "ARROW1"]
)
def test_a_note_may_begin_like_a_binary_file(note: str) -> None:
    assert format_of(note.encode()) is not None
    assert format_of_note(note.encode()) is None
