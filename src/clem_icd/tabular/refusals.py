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


def missing_column(path: Path, column: str, columns: Sequence[str], row: int | None = None) -> SourceError:
    """Return the error for a missing column; it suggests the most similar one."""
    other = other_delimiter(path, columns[0]) if len(columns) == 1 else None
    if other is not None:
        return other
    # The one column of a text file may be the first line of a note.
    is_text = len(columns) == 1 and path.suffix.lower() == ".txt"
    named = [name for name in columns if name]
    # A row of values often has empty ones. Names beside an unnamed column are single words at least.
    is_row = len(set(named)) < len(named) or (
        len(named) < len(columns) and any(" " in name for name in named)
    )
    if is_text or is_row or not all(is_name(name) or is_unnamed(name) for name in named):
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
        if len(names) > 1 and all(map(is_name, names)):
            return SourceError(
                f"columns are separated by {mark!r}, expected ','",
                path=path,
                remedy="Export it again with commas between the columns",
            )
    return None


def is_unnamed(name: str) -> bool:
    """Return whether the name of a column stands for none, as a pandas index written to csv has."""
    return re.fullmatch(r"(?:Unnamed: \d+|__index_level_\d+__)?", name) is not None


def is_name(text: str) -> bool:
    """Return whether a text may be shown as the name of a column.

    In a file without a header the first line is patient data, so anything that looks like a value is not
    shown: a number, a sentence, anything long.
    """
    return re.fullmatch(r"[^\W\d][\w.#/()-]*(?: [\w.#/()-]+){0,2}", text) is not None and len(text) <= 40


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
