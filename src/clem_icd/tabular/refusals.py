"""Errors that several readers raise, in the same words."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from clem_icd.errors import SourceError

# What reading compressed text can raise. Their messages may quote the file, so none is passed on.
READ_ERRORS = (OSError, EOFError, zlib.error, UnicodeError)

_OTHER_DELIMITERS = ";", "\t", "|"


def missing_column(
    path: Path, column: str, columns: Sequence[str], row: int | None = None, *, is_header: bool = False
) -> SourceError:
    """Return the error for a missing column; it suggests the most similar one.

    Parameters
    ----------
    columns
        The names in the header, or in the first line of a file that may have none.
    is_header
        Whether another column that was asked for is among them, so that they are names.

    """
    other = other_delimiter(path, columns[0]) if len(columns) == 1 else None
    if other is not None:
        return other
    # The one column of a text file may be the first line of a note.
    is_text = len(columns) == 1 and path.suffix.lower() == ".txt"
    if is_text or not are_names(columns, is_header=is_header):
        return SourceError(
            f"has no column {column!r}, and its first line does not look like column names",
            path=path,
            row=row,
            remedy="Add a header to the file",
        )
    shown = ", ".join(name or "a column without a name" for name in columns)
    near = get_close_matches(column.lower(), [name.lower() for name in columns], n=1)
    meant = next((name for name in columns if near and name.lower() == near[0]), None)
    return SourceError(
        f"has no column {column!r}; it has {shown}",
        path=path,
        row=row,
        remedy=f"Did you mean {meant!r}?" if meant else "Name the column to read",
    )


def other_delimiter(path: Path, header: str) -> SourceError | None:
    """Return the error for a header that is not separated by commas; None if it may be."""
    for mark in _OTHER_DELIMITERS:
        names = header.strip().replace('"', "").split(mark)
        if len(names) > 1 and all(map(_is_name, names)):
            return SourceError(
                f"columns are separated by {mark!r}, expected ','",
                path=path,
                remedy="Export it again with commas between the columns",
            )
    return None


def is_unnamed(name: str) -> bool:
    """Return whether the name of a column stands for none, as a pandas index written to csv has."""
    return re.fullmatch(r"(?:Unnamed: \d+|__index_level_\d+__)?", name) is not None


def are_names(columns: Sequence[str], *, is_header: bool) -> bool:
    """Return whether the fields of a first line may be shown as the names of columns.

    In a file without a header they are patient data, so nothing that looks like values is shown: numbers,
    sentences, anything long; and blanks only if a column that was asked for is among the names.
    """
    named = [name for name in columns if name]
    # A row of values often has empty ones. Names beside an unnamed column are single words at least.
    with_blanks = is_header and len(named) == len(columns)
    return len(set(named)) == len(named) and all(
        is_unnamed(name) or (_is_name(name) and (with_blanks or " " not in name)) for name in named
    )


def _is_name(text: str) -> bool:
    return len(text) <= 40 and re.fullmatch(r"[^\W\d][\w.#/()-]*(?: [\w.#/()-]+){0,2}", text) is not None


def unreadable(path: Path, problem: BaseException, row: int | None = None) -> SourceError:
    """Return the error for a file that could not be read beyond a row."""
    if isinstance(problem, FileNotFoundError):
        return SourceError("there is no such file", path=path, remedy="Check the name")
    if isinstance(problem, EOFError):
        found = "the compressed file is truncated"
    elif isinstance(problem, gzip.BadGzipFile | zlib.error):
        found = "is not an intact gzip file"
    else:
        found = f"is not readable as text ({type(problem).__name__})"
    after = f" after row {row}" if row else ""
    return SourceError(f"{found}{after}", path=path, remedy="Download or export it again")
