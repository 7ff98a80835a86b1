"""What several readers refuse, in the same words."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import polars as pl

from clem_icd.errors import SourceError

# What reading compressed text can raise. Their messages may quote the file, so none is passed on.
READ_ERRORS = (OSError, EOFError, zlib.error, UnicodeError)


_OTHER_DELIMITERS = ";", "\t", "|"


def missing_column(path: Path, column: str, columns: Sequence[str], row: int | None = None) -> SourceError:
    """Return the error for a column that a file does not have, with the nearest one it has."""
    other = other_delimiter(path, columns[0]) if len(columns) == 1 else None
    if other is not None:
        return other
    if not all(map(is_name, columns)):
        return SourceError(
            f"has no column {column!r}, and its first record does not read like names of columns",
            path=path,
            row=row,
            remedy="Give the file a header",
        )
    near = get_close_matches(column.lower(), [name.lower() for name in columns], n=1)
    meant = next((name for name in columns if near and name.lower() == near[0]), None)
    return SourceError(
        f"has no column {column!r}; it has {', '.join(columns)}",
        path=path,
        row=row,
        remedy=f"Did you mean {meant!r}?" if meant else "Name the column that holds it",
    )


def other_delimiter(path: Path, header: str) -> SourceError | None:
    """Return the error for a header whose names are divided by something else than commas; else None."""
    for mark in _OTHER_DELIMITERS:
        names = header.strip().replace('"', "").split(mark)
        if len(names) > 1 and all(map(is_name, names)):
            return SourceError(
                f"its columns are divided by {mark!r}, expected ','",
                path=path,
                remedy="Write it again with commas between the columns",
            )
    return None


def check_admission(admission: str, path: Path, row: int) -> None:
    """Refuse the id of an admission, unless it is empty, that no other file of MIMIC could have.

    Raises
    ------
    SourceError
        If it is no whole number.

    """
    if admission and not admission.isdecimal():
        raise _no_whole_number("hadm_id", path, row)


def check_numbers(frame: pl.DataFrame, column: str, path: Path, name: str) -> None:
    """Refuse a column of MIMIC's numbers, in ``frame`` as text beside ``row``, that holds anything else.

    What is empty passes. ``name`` is what the file calls the column.

    Raises
    ------
    SourceError
        If a value is no whole number.

    """
    odd = frame.filter((pl.col(column) != "") & ~pl.col(column).str.contains(r"^[0-9]{1,18}$"))
    for row in odd["row"].head(1):
        raise _no_whole_number(name, path, row)


def check_admissions(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Return rows of a file with ``admission`` as a number, null where it is empty.

    Parameters
    ----------
    frame
        With ``row``, and ``admission`` as text.

    Raises
    ------
    SourceError
        If an admission is no whole number.

    """
    check_numbers(frame, "admission", path, "hadm_id")
    given = pl.col("admission") != ""
    return frame.with_columns(admission=pl.when(given).then("admission").cast(pl.Int64))


def _no_whole_number(name: str, path: Path, row: int) -> SourceError:
    return SourceError(
        f"has a {name} that is no whole number",
        path=path,
        row=row,
        remedy="Use PhysioNet's own file: other programs write 22595853 as 22595853.0",
    )


def is_name(text: str) -> bool:
    """Tell whether a text may be shown as the name of a column.

    Where a file has no header, its first line is a patient's, and so what looks like a value is not
    shown: a number, a sentence, anything long.
    """
    return re.fullmatch(r"[^\W\d][\w.#/()-]*(?: [\w.#/()-]+){0,2}", text) is not None and len(text) <= 40


def unreadable(path: Path, problem: BaseException, row: int | None = None) -> SourceError:
    """Return the error for a file that could not be read on after some row."""
    if isinstance(problem, FileNotFoundError):
        return SourceError("there is no such file", path=path, remedy="Check the name")
    if isinstance(problem, EOFError):
        found = "the compressed file is cut short"
    elif isinstance(problem, gzip.BadGzipFile | zlib.error):
        found = "is no intact gzip file"
    else:
        found = f"is not readable as text ({type(problem).__name__})"
    after = f" after row {row}" if row else ""
    return SourceError(f"{found}{after}", path=path, remedy="Download or export it again")
