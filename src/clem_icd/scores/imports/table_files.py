"""Table files: csv and tsv with every column as text, Parquet and Feather with their own types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, cast

import polars as pl

from clem_icd.errors import ScoresError
from clem_icd.icd.systems import shown
from clem_icd.tabular.batches import read_batches
from clem_icd.tabular.delimited import delimiter_of, read_header
from clem_icd.tabular.headers import has_column, name_of
from clem_icd.tabular.opening import format_of_file, other_format
from clem_icd.tabular.records import column_names, read_records, suffix_of
from clem_icd.tabular.refusals import are_names, is_unnamed
from clem_icd.texts.formats import FEATHER, PARQUET

LONGEST_NAME = 40
"""Longest id, code or column name that an error quotes, in characters; longer text may be a note."""

_DELIMITED = (".csv", ".tsv", ".tab", ".txt")
_BINARY = (".parquet", ".pq", ".feather", ".arrow", ".ipc")
# What polars raises for a damaged file; its panics are not ordinary exceptions.
_DAMAGE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
TABLES = (*_DELIMITED, *_BINARY)


class Table:
    """A table file, opened: csv, tsv or JSON lines as `clem_icd.tabular` reads them, Parquet, or Feather.

    Parameters
    ----------
    path
        The file. Its content decides whether it is Parquet or Feather, and what separates columns.
    columns
        Columns that it is expected to have.
    encoding
        The encoding of a text file.

    Attributes
    ----------
    path
        The file.
    schema
        Its named columns and their types; every column of a csv or tsv file is text.
    delimiter
        What separates its columns; None in other formats than csv and tsv.

    Raises
    ------
    InputError
        If the file is missing or damaged, or is not a table.

    """

    def __init__(self, path: Path, columns: Sequence[str] = (), encoding: str = "utf-8") -> None:
        self.path = path
        self._encoding = encoding
        self.delimiter: str | None = None
        if not path.is_file():
            raise ScoresError("no such file", path=path, remedy="Name the file with the scores")
        self._kind = _format(path)
        if self._kind == "delimited":
            self.delimiter = delimiter_of(path, columns, encoding=encoding)
            # The index that pandas writes as the first column is no part of the table.
            header = read_header(path, delimiter=self.delimiter, encoding=encoding)
            self.schema = pl.Schema({name: pl.String() for name in header if not is_unnamed(name)})
        else:
            try:
                found = self._scan().collect_schema()
            except _DAMAGE:
                raise self._damaged() from None
            self.schema = pl.Schema({name: kind for name, kind in found.items() if not is_unnamed(name)})

    def name(self, column: str) -> str:
        """Return the name of a column as the table writes it, whatever its case, or else unchanged."""
        return name_of(list(self.schema), column)

    def has(self, column: str) -> bool:
        """Return whether the table has a column, whatever its case."""
        return has_column(list(self.schema), column)

    def select(
        self, columns: Sequence[str], *exprs: pl.Expr | Iterable[pl.Expr], **named: pl.Expr
    ) -> pl.DataFrame:
        """Return expressions over some columns of the table.

        Raises
        ------
        InputError
            If the file is damaged; for a text file, the message gives the row.

        """
        # Messages of polars may quote the file, so they are not passed on.
        try:
            if self._kind == "delimited":
                return self._read(columns).select(*exprs, **named)
            return self._scan().select(*exprs, **named).collect()
        except _DAMAGE:
            raise self._damaged() from None

    def _scan(self) -> pl.LazyFrame:
        if self._kind == "json lines":
            return self._json_lines()
        return pl.scan_parquet(self.path) if self._kind == "parquet" else pl.scan_ipc(self.path)

    def _json_lines(self) -> pl.LazyFrame:
        names = column_names(self.path, encoding=self._encoding)
        records = read_records(self.path, names, optional=names, encoding=self._encoding)
        return pl.LazyFrame([record for _, record in records], infer_schema_length=None)

    def _read(self, columns: Sequence[str]) -> pl.DataFrame:
        distinct = list(dict.fromkeys(columns))
        batches = [
            cast("pl.DataFrame", pl.from_arrow(batch))
            for _, batch in read_batches(
                self.path, distinct, delimiter=self.delimiter or ",", encoding=self._encoding
            )
        ]
        # As polars reads csv: an empty field is missing.
        empty = pl.DataFrame(schema=dict.fromkeys(distinct, pl.String()))
        whole = pl.concat(batches) if batches else empty
        return whole.with_columns(pl.when(pl.all() != "").then(pl.all()))

    def _damaged(self) -> ScoresError:
        return ScoresError(
            "is damaged, or not in the format of its suffix", path=self.path, remedy="Export the file again"
        )


def _format(path: Path) -> Literal["delimited", "json lines", "parquet", "feather"]:
    found = format_of_file(path)
    if found is PARQUET:
        return "parquet"
    if found is FEATHER:
        return "feather"
    if found is not None:
        raise other_format(path, found, "a table")
    if suffix_of(path) == ".jsonl":
        return "json lines"
    if suffix_of(path) in _BINARY:
        raise ScoresError(
            "is damaged, or not in the format of its suffix", path=path, remedy="Export the file again"
        )
    if suffix_of(path) not in TABLES:
        raise ScoresError(
            f"has the suffix {shown(suffix_of(path), LONGEST_NAME)}, expected one of {', '.join(TABLES)}",
            path=path,
            remedy="Export the table in one of these formats",
        )
    return "delimited"


def id_column(table: Table, name: str) -> pl.Expr:
    """Return a column of ids as text.

    Raises
    ------
    ScoresError
        If they are neither text nor integers.

    """
    kind = table.schema[name]
    if not (_is_text(kind) or kind.is_integer()):
        raise ScoresError(
            f"has ids of type {kind} in the column {name!r}, expected text or integers",
            path=table.path,
            remedy="Write ids as text: as a floating-point number, 123 becomes 123.0",
        )
    # A spreadsheet keeps an id as text in this way.
    return pl.col(name).cast(pl.String).str.strip_chars().str.replace('^="([^"]+)"$', "${1}")


def code_column(table: Table, name: str) -> pl.Expr:
    """Return a column of codes as text.

    Raises
    ------
    ScoresError
        If they are numbers: the procedure ``0066`` is not ``66``.

    """
    kind = table.schema[name]
    if not _is_text(kind):
        raise ScoresError(
            f"has codes of type {kind} in the column {name!r}, expected text",
            path=table.path,
            remedy="Write codes as text: as a number, 0066 becomes 66",
        )
    return pl.col(name).cast(pl.String).str.strip_chars()


def number_column(table: Table, name: str) -> pl.Expr:
    """Return a column of scores as float32; null where a value is not a number.

    In text whose columns are not separated by commas, a comma may be the decimal point.

    Raises
    ------
    ScoresError
        If the type of the column is not numeric.

    """
    kind = table.schema[name]
    if _is_text(kind):
        text = pl.col(name).cast(pl.String).str.strip_chars()
        if table.delimiter not in (None, ","):
            text = text.str.replace(r"^([+-]?\d*),(\d+(?:[eE][+-]?\d+)?)$", "${1}.${2}")
        return text.cast(pl.Float32, strict=False)
    if kind.is_numeric() or kind == pl.Boolean:
        return pl.col(name).cast(pl.Float32)
    raise ScoresError(
        f"has scores of type {kind} in the column {shown(name, LONGEST_NAME)}, expected numbers",
        path=table.path,
        remedy="Leave the column out, or write numbers",
    )


def require_columns(
    table: Table,
    names: Sequence[str],
    remedy: str = "Name the column with its option, choose another --format, or add a missing header",
) -> None:
    """Refuse a table that lacks a column.

    Raises
    ------
    ScoresError
        Listing columns that the table has, unless they may be values.

    """
    missing = [name for name in names if name not in table.schema]
    if not missing:
        return
    if not are_names(list(table.schema), is_header=len(missing) < len(names)):
        raise ScoresError(
            f"has no column {missing[0]!r}, and its first line does not look like column names",
            path=table.path,
            remedy=remedy,
        )
    has = ", ".join(shown(name, LONGEST_NAME) for name in list(table.schema)[:5])
    more = "" if len(table.schema) <= 5 else f" and {len(table.schema) - 5:,} more"
    raise ScoresError(
        f"has no column {missing[0]!r}; it has {has}{more}",
        path=table.path,
        remedy=remedy,
    )


def _is_text(kind: pl.DataType) -> bool:
    return kind == pl.String or isinstance(kind, pl.Categorical | pl.Enum)
