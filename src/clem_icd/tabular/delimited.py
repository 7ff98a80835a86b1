"""Reading csv and tsv files row by row: strict about quotes, exact about row numbers, bounded in memory."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, cast

from clem_icd.corpus import MAX_CHARACTERS
from clem_icd.errors import SourceError
from clem_icd.tabular.headers import column_position
from clem_icd.tabular.refusals import READ_ERRORS, is_name, other_delimiter, unreadable

_LONGEST_HEADER = 10_000  # characters


@contextmanager
def open_text(path: Path, encoding: str = "utf-8") -> Iterator[IO[str]]:
    """Open a text file, gzipped or not, with its line ends as they are.

    Bytes that do not fit the encoding become lone surrogates, which `check_field` refuses: a stream decoder
    could not tell which row they are in.

    Raises
    ------
    SourceError
        If there is no such file, or no such encoding.

    """
    try:
        binary = gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")  # noqa: SIM115
    except OSError as problem:
        raise unreadable(path, problem) from None
    # A byte order mark is not part of the first column's name.
    codec = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    with binary:
        try:
            stream = TextIOWrapper(cast("IO[bytes]", binary), codec, "surrogateescape", newline="")
        except LookupError:
            raise SourceError(
                f"cannot be read as {encoding!r}, which is not a known encoding",
                path=path,
                remedy="Name an encoding such as utf-8 or cp1252",
            ) from None
        with stream:
            yield stream


def read_rows(
    path: Path, columns: Sequence[str], *, delimiter: str = ",", encoding: str = "utf-8"
) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of every row, from 1, and its values of some columns, as text.

    Parameters
    ----------
    path
        A delimited file with a header, gzipped or not. Quoted fields may contain line ends.
    columns
        The columns to read, in the order to yield them; `column_position` finds them in the header.
    delimiter, encoding
        Those of the file.

    Raises
    ------
    SourceError
        If the file or a column is missing, or a row is malformed: ragged, badly quoted, badly encoded,
        binary, or with a field of more than 1,000,000 characters. It names the row.

    """
    number = 0
    # The csv module has one limit for the whole process; the default is 131,072 characters.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CHARACTERS))
    with open_text(path, encoding) as stream:
        rows = csv.reader(stream, delimiter=delimiter, strict=True)
        try:
            header = _checked_header(path, next(rows, []))
            positions = [column_position(path, header, column) for column in columns]
            for row in rows:
                if not row:
                    continue
                number += 1
                if len(row) != len(header):
                    raise _ragged(path, number, len(row), len(header))
                values = [row[position] for position in positions]
                for value in values:
                    check_field(value, path, number, encoding)
                yield number, values
        except csv.Error as problem:
            raise _malformed(path, number + 1, str(problem)) from None
        except READ_ERRORS as problem:
            raise unreadable(path, problem, number) from None


def read_header(path: Path) -> list[str]:
    """Return the column names of a csv file.

    Raises
    ------
    SourceError
        If the file is missing, unreadable or empty, or a column name is duplicated.

    """
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CHARACTERS))
    with open_text(path) as stream:
        try:
            return _checked_header(path, next(csv.reader(stream, strict=True), []))
        except csv.Error as problem:
            raise other_delimiter(path, _first_line(path)) or _malformed(path, 1, str(problem)) from None
        except READ_ERRORS as problem:
            raise unreadable(path, problem) from None


def _first_line(path: Path) -> str:
    with open_text(path) as stream:
        return stream.readline(_LONGEST_HEADER)


def check_field(value: str, path: Path, row: int | None = None, encoding: str = "utf-8") -> None:
    """Refuse a field that is not text: bytes in another encoding, lone surrogates, NUL characters.

    Raises
    ------
    SourceError
        With the row, and without the value.

    """
    if "\0" in value:
        raise SourceError(
            "contains NUL characters, expected text",
            path=path,
            row=row,
            remedy="Export the file again as text",
        )
    if value.isascii():
        return
    try:
        value.encode()
    except UnicodeEncodeError:
        raise SourceError(
            f"contains bytes that are not {encoding} text",
            path=path,
            row=row,
            remedy="Convert the file to UTF-8, or name its encoding",
        ) from None


def _checked_header(path: Path, header: list[str]) -> list[str]:
    if not header:
        raise SourceError("is empty, expected a header", path=path, remedy="Check that the file is complete")
    duplicates = sorted({name for name in header if header.count(name) > 1})
    if duplicates:
        which = f" {duplicates[0]!r}" if is_name(duplicates[0]) else " with the same name"
        raise SourceError(f"has two columns{which}", path=path, remedy="Rename one of them")
    return header


def _ragged(path: Path, row: int, found: int, expected: int) -> SourceError:
    return SourceError(
        f"has {found} fields, expected {expected}",
        path=path,
        row=row,
        remedy="Quote fields that contain the delimiter or a line end",
    )


def _malformed(path: Path, row: int, problem: str) -> SourceError:
    if "field larger" in problem:
        return SourceError(
            f"has a field of more than {MAX_CHARACTERS:,} characters, expected one note per row",
            path=path,
            row=row,
            remedy="Close its quotation mark, or split the note",
        )
    if "unexpected end" in problem:
        return SourceError(
            "ends inside a quoted field, expected a closing quotation mark",
            path=path,
            row=row,
            remedy="Download or export it again: it is truncated, or a quotation mark is not closed",
        )
    if "expected after" in problem:
        found = "has text after a closing quotation mark, expected the delimiter"
    else:
        found = "is not a well-formed row"
    return SourceError(found, path=path, row=row, remedy="Double the quotation marks inside a field")
