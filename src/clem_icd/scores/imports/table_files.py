"""Table files: CSV and TSV with every column as text, Parquet and Feather with their own types."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from clem_icd.errors import ScoresError
from clem_icd.icd.systems import shown
from clem_icd.tabular.delimited import read_rows

LONGEST_NAME = 40
"""Longest id, code or column name that an error quotes, in characters; longer text may be a note."""

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_PARQUET = (".parquet", ".pq")
_IPC = (".feather", ".arrow", ".ipc")
# What polars raises for a damaged file; its panics are not ordinary exceptions.
_DAMAGE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
TABLES = (*_DELIMITERS, *_PARQUET, *_IPC)


def kind_of(path: Path) -> str:
    """Return the suffix of a file name in lower case, ignoring ``.gz``."""
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def scan_table(path: Path) -> pl.LazyFrame:
    """Open a table lazily; every column of a CSV or TSV file is text.

    Raises
    ------
    ScoresError
        If the file is missing, or its suffix is not that of a table.

    """
    if not path.is_file():
        raise ScoresError("no such file", path=path, remedy="Name the file with the scores")
    kind = kind_of(path)
    if kind in _DELIMITERS:
        return pl.scan_csv(path, separator=_DELIMITERS[kind], infer_schema=False)
    if kind in _PARQUET:
        return pl.scan_parquet(path)
    if kind in _IPC:
        return pl.scan_ipc(path)
    raise ScoresError(
        f"has the suffix {shown(kind, LONGEST_NAME)}, expected one of {', '.join(TABLES)}",
        path=path,
        remedy="Export the table in one of these formats",
    )


def schema_of(path: Path, frame: pl.LazyFrame) -> pl.Schema:
    """Return the columns of a table and their types.

    Raises
    ------
    ScoresError
        If the table cannot be read.

    """
    try:
        return frame.collect_schema()
    except _DAMAGE:
        raise _unreadable(path) from None


def collect(path: Path, frame: pl.LazyFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Read the data of a lazy frame over a file.

    Parameters
    ----------
    columns
        The columns of the file that the frame uses.

    Raises
    ------
    InputError
        If the file is damaged; for a text file, the message gives the row.

    """
    # Messages of polars may quote the file, so they are not passed on.
    try:
        return frame.collect()
    except _DAMAGE:
        pass
    if kind_of(path) in _DELIMITERS:
        # Our own reader is slow, but it knows the row.
        for _ in read_rows(path, columns, delimiter=_DELIMITERS[kind_of(path)]):
            continue
    raise _unreadable(path)


def id_column(path: Path, schema: pl.Schema, name: str) -> pl.Expr:
    """Return a column of ids as text.

    Raises
    ------
    ScoresError
        If they are neither text nor integers.

    """
    kind = schema[name]
    if not (_is_text(kind) or kind.is_integer()):
        raise ScoresError(
            f"has ids of type {kind} in the column {name!r}, expected text or integers",
            path=path,
            remedy="Write ids as text: as a floating-point number, 123 becomes 123.0",
        )
    return pl.col(name).cast(pl.String).str.strip_chars()


def code_column(path: Path, schema: pl.Schema, name: str) -> pl.Expr:
    """Return a column of codes as text.

    Raises
    ------
    ScoresError
        If they are numbers: the procedure ``0066`` is not ``66``.

    """
    if not _is_text(schema[name]):
        raise ScoresError(
            f"has codes of type {schema[name]} in the column {name!r}, expected text",
            path=path,
            remedy="Write codes as text: as a number, 0066 becomes 66",
        )
    return pl.col(name).cast(pl.String).str.strip_chars()


def number_column(path: Path, schema: pl.Schema, name: str) -> pl.Expr:
    """Return a column of scores as float32; null where a value is not a number.

    Raises
    ------
    ScoresError
        If the type of the column is not numeric.

    """
    kind = schema[name]
    if _is_text(kind):
        return pl.col(name).cast(pl.String).str.strip_chars().cast(pl.Float32, strict=False)
    if kind.is_numeric() or kind == pl.Boolean:
        return pl.col(name).cast(pl.Float32)
    raise ScoresError(
        f"has scores of type {kind} in the column {shown(name, LONGEST_NAME)}, expected numbers",
        path=path,
        remedy="Leave the column out, or write numbers",
    )


def require_columns(
    path: Path,
    schema: pl.Schema,
    names: Sequence[str],
    remedy: str = "Name the column with its option, or choose another --format",
) -> None:
    """Refuse a table that lacks a column.

    Raises
    ------
    ScoresError
        Listing columns that the table has.

    """
    missing = [name for name in names if name not in schema]
    if not missing:
        return
    has = ", ".join(shown(name, LONGEST_NAME) for name in list(schema)[:5])
    more = "" if len(schema) <= 5 else f" and {len(schema) - 5:,} more"
    raise ScoresError(
        f"has no column {missing[0]!r}; it has {has}{more}",
        path=path,
        remedy=remedy,
    )


def _is_text(kind: pl.DataType) -> bool:
    return kind == pl.String or isinstance(kind, pl.Categorical | pl.Enum)


def _unreadable(path: Path) -> ScoresError:
    return ScoresError(
        "is damaged, or not in the format of its suffix", path=path, remedy="Export the file again"
    )
