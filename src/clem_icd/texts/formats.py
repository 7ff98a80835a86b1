"""File formats that are not text, recognised by their first bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass

HEAD = 1024
"""How many bytes of a file `format_of` needs."""


@dataclass(frozen=True, slots=True)
class Format:
    """A file format that is not text.

    Attributes
    ----------
    name
        The rest of a sentence: "a PDF document".
    remedy
        How to make text of it.
    readable
        Whether its files consist of characters, as those of PDF and RTF do at their beginning.

    """

    name: str
    remedy: str
    readable: bool = False


GZIP = Format("a gzip file", "Decompress it with gunzip")
PARQUET = Format("a parquet file", "Name it as a table")
FEATHER = Format("a feather file", "Write it as parquet or csv")

_EXPORT_TEXT = "Save it as plain text"
_EXPORT_EITHER = "Save it as plain text or csv"
_EXPORT_TABLE = "Export the sheet as csv (UTF-8)"
_RECOGNISE_TEXT = "Recognise its text (OCR) first"
_UNPACK = "Unpack it, and name the file or folder in it"

_BY_PREFIX = (
    (b"\x1f\x8b", GZIP),
    (b"PAR1", PARQUET),
    (b"%PDF-", Format("a PDF document", "Extract its text first, for example with pdftotext", readable=True)),
    (b"{\\rtf", Format("an RTF document", _EXPORT_TEXT, readable=True)),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        Format("an old Word or Excel file", _EXPORT_EITHER),
    ),
    (b"BZh", Format("a bzip2 file", "Decompress it with bunzip2")),
    (b"\xfd7zXZ\0", Format("an xz file", "Decompress it with unxz")),
    (b"\x28\xb5\x2f\xfd", Format("a Zstandard file", "Decompress it with unzstd")),
    (b"7z\xbc\xaf\x27\x1c", Format("a 7-Zip archive", _UNPACK)),
    (b"Rar!\x1a\x07", Format("a RAR archive", _UNPACK)),
    (b"\x89PNG\r\n\x1a\n", Format("a PNG image", _RECOGNISE_TEXT)),
    (b"\xff\xd8\xff", Format("a JPEG image", _RECOGNISE_TEXT)),
    (b"II*\0", Format("a TIFF image", _RECOGNISE_TEXT)),
    (b"MM\0*", Format("a TIFF image", _RECOGNISE_TEXT)),
    (b"GIF8", Format("a GIF image", _RECOGNISE_TEXT)),
    (b"ARROW1", FEATHER),
    (b"FEA1", FEATHER),
    (b"SQLite format 3\0", Format("an SQLite database", "Export the table as csv or parquet")),
    (b"PGDMP", Format("a PostgreSQL dump", "Restore it, and export the table as csv")),
    (b"\x89HDF\r\n\x1a\n", Format("an HDF5 file", "Export the table as csv or parquet")),
    (b"\x93NUMPY", Format("a NumPy array", "Export it as csv")),
    (b"\0\x05\x16\x07", Format("a macOS resource fork", "Name the file without ._ before its name")),
    (
        b"version https://git-lfs.github.com/spec/",
        Format("a Git LFS pointer", "Run git lfs pull", readable=True),
    ),
)

# Old pickles begin like text; those of protocol 2 and later begin with a byte that text cannot contain.
_PICKLE = Format("a pickle, which could run code and is never read", "Export it as csv or parquet")
_ZIP = Format("a ZIP archive", _UNPACK)

# Names of members that tell what a ZIP archive holds.
_IN_ZIP = (
    (b"word/", Format("a Word document (.docx)", _EXPORT_TEXT)),
    (b"xl/", Format("an Excel workbook (.xlsx)", _EXPORT_TABLE)),
    (b"mimetypeapplication/vnd.oasis.opendocument.text", Format("an OpenDocument text (.odt)", _EXPORT_TEXT)),
    (
        b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
        Format("an OpenDocument spreadsheet (.ods)", _EXPORT_TABLE),
    ),
)

# What no file of the other formats lacks, and no text has: control characters, or a first byte beyond ASCII.
_BINARY = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]|\A[^\t-~]")


def format_of(head: bytes) -> Format | None:
    """Return the format that the first bytes of a file announce; None if it may be text.

    Parameters
    ----------
    head
        Its first `HEAD` bytes, or more.

    """
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return next((one for mark, one in _IN_ZIP if mark in head), _ZIP)
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return _PICKLE
    if head[128:132] == b"DICM":
        return Format("a DICOM file", "Export the report in it as plain text")
    if head[257:262] == b"ustar":
        return Format("a tar archive", _UNPACK)
    return next((one for prefix, one in _BY_PREFIX if head.startswith(prefix)), None)


def format_of_note(head: bytes) -> Format | None:
    """Return the format that a note has instead of text; None if it may be text.

    A note may begin like a file: "PAR1 antagonist stopped." is not parquet.
    """
    found = format_of(head)
    return found if found and (found.readable or _BINARY.search(head[:HEAD])) else None
