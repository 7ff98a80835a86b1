"""Reading csv and tsv files row by row: strict about quotes, exact about row numbers, bounded in memory."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import IO

from clem_icd.errors import SourceError
from clem_icd.tabular.headers import cleaned, column_positions, has_column
from clem_icd.tabular.opening import open_text
from clem_icd.tabular.refusals import READ_ERRORS, other_delimiter, unreadable
from clem_icd.tabular.sentences import counted
from clem_icd.texts import MAX_CHARACTERS

DELIMITERS = ",", "\t", ";", "|"
"""What may separate columns, the likeliest first."""

_LONGEST_HEADER = 10_000  # characters

# Excel's own first line, which names the delimiter.
_NAMED_DELIMITER = re.compile(r"\ufeff?\"?sep=(\\t|.)\"?[\r\n]*", re.IGNORECASE)


def read_rows(
    path: Path, columns: Sequence[str], *, delimiter: str = ",", encoding: str = "utf-8"
) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of every row, from 1, and its values of some columns, as text.

    Parameters
    ----------
    path
        A delimited file with a header, gzipped or not. Quoted fields may contain line ends.
    columns
        The columns to read, in the order to yield them; `column_positions` finds them in the header.
    delimiter, encoding
        Those of the file. A first line ``sep=;``, which Excel reads, takes precedence.

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
        try:
            rows = _rows(stream, delimiter)
            header = _checked_header(path, next(rows, []))
            positions = column_positions(path, header, columns)
            for row in rows:
                if not row:
                    continue
                number += 1
                if len(row) != len(header):
                    raise _ragged(path, number, row, len(header))
                values = [row[position] for position in positions]
                for value in values:
                    check_field(value, path, number, encoding)
                yield number, values
        except csv.Error as problem:
            raise _malformed(path, number + 1, str(problem)) from None
        except READ_ERRORS as problem:
            raise unreadable(path, problem, number) from None


def read_header(path: Path, *, delimiter: str = ",", encoding: str = "utf-8") -> list[str]:
    """Return the column names of a delimited file.

    Raises
    ------
    SourceError
        If the file is missing, unreadable or empty.

    """
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CHARACTERS))
    with open_text(path, encoding) as stream:
        try:
            return _checked_header(path, next(_rows(stream, delimiter), []))
        except csv.Error as problem:
            first = _first_line(path, encoding)
            raise other_delimiter(path, first) or _malformed(path, 1, str(problem)) from None
        except READ_ERRORS as problem:
            raise unreadable(path, problem) from None


def delimiter_of(path: Path, columns: Sequence[str], *, encoding: str = "utf-8") -> str:
    """Return the delimiter of a file: the first by which its header has all columns, or else the likeliest.

    Raises
    ------
    SourceError
        If the file cannot be read.

    """
    try:
        first = _first_line(path, encoding)
    except READ_ERRORS as problem:
        raise unreadable(path, problem) from None
    if named := _named_delimiter(first):
        return named
    headers = {mark: _split_header(first, mark) for mark in DELIMITERS}
    for mark, header in headers.items():
        if columns and all(has_column(header, column) for column in columns):
            return mark
    return max(DELIMITERS, key=lambda mark: (len(headers[mark]), -DELIMITERS.index(mark)))


def names_delimiter(path: Path) -> bool:
    """Return whether the first line of a UTF-8 file names its delimiter, as Excel's ``sep=;`` does."""
    return _named_delimiter(_first_line(path, "utf-8")) is not None


def _named_delimiter(line: str) -> str | None:
    named = _NAMED_DELIMITER.fullmatch(line)
    return None if named is None else named[1].replace("\\t", "\t")


def _split_header(line: str, delimiter: str) -> list[str]:
    try:
        return [cleaned(name) for name in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
    except csv.Error:
        return []


def _rows(stream: IO[str], delimiter: str) -> Iterator[list[str]]:
    first = stream.readline()
    if named := _named_delimiter(first):
        delimiter, first = named, ""
    return csv.reader(chain([first], stream) if first else stream, delimiter=delimiter, strict=True)


def _first_line(path: Path, encoding: str) -> str:
    with open_text(path, encoding) as stream:
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
    except UnicodeEncodeError as problem:
        # `open_text` turns a byte that does not fit into one of these.
        if "\udc80" <= value[problem.start] <= "\udcff":
            raise SourceError(
                f"contains bytes that are not {encoding} text",
                path=path,
                row=row,
                remedy="Convert the file to UTF-8, or name its encoding, for example cp1252",
            ) from None
        raise SourceError(
            "contains half of a surrogate pair: a character beyond U+FFFF that a program cut in two",
            path=path,
            row=row,
            remedy="Export it again, or remove the character",
        ) from None


def _checked_header(path: Path, written: list[str]) -> list[str]:
    header = [cleaned(name) for name in written]
    if not header:
        raise SourceError("is empty, expected a header", path=path, remedy="Check that the file is complete")
    return header


def _ragged(path: Path, number: int, row: list[str], expected: int) -> SourceError:
    remedy = "Quote fields that contain the delimiter or a line end"
    if len(row) == 1:
        remedy = "Delete it if it is a footer"
    elif len(row) == expected + 1 and not row[-1]:
        remedy = (
            f"If every row ends with the delimiter, end the header with it too; otherwise {remedy.lower()}"
        )
    found = counted(len(row), "field", "fields")
    return SourceError(f"has {found}, expected {expected}", path=path, row=number, remedy=remedy)


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
    remedy = "Double the quotation marks inside a field; a backslash before them does not help"
    return SourceError(found, path=path, row=row, remedy=remedy)
