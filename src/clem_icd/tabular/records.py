"""Reading a user's table as records: csv, tsv, jsonl or parquet, in bounded memory."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from clem_icd.errors import SourceError
from clem_icd.tabular.delimited import delimiter_of, read_header, read_rows
from clem_icd.tabular.headers import column_positions, has_column
from clem_icd.tabular.opening import format_of_file, open_text, other_format
from clem_icd.tabular.refusals import READ_ERRORS, unreadable
from clem_icd.texts.formats import PARQUET

_RECORDS_IN_MEMORY = 64
_SAMPLE = 4096  # characters

# What is named .xls, but is no workbook, is text with tabs.
_DELIMITED = {".csv", ".tsv", ".tab", ".psv", ".txt", ".xls"}

_ONE_OBJECT = "Write one JSON object per line"

Record = dict[str, Any]
Kind = Literal["delimited", "json lines", "parquet"]


def read_records(
    path: Path, columns: Sequence[str], *, optional: Collection[str] = (), encoding: str = "utf-8"
) -> Iterator[tuple[int, Record]]:
    """Yield the number of every record, from 1, and its values of some columns, by the names requested.

    Values from csv and tsv are text; those from jsonl and parquet keep their types.

    Parameters
    ----------
    path
        A table: csv or tsv (separated by commas, tabs, semicolons or bars) or jsonl, each gzipped or not, or
        parquet. Its content decides what it is; its name must be that of a text only where it is one.
    columns
        The columns to read. Every record must have them; their case does not matter.
    optional
        Those of them that a JSON record may lack; its value is then None.
    encoding
        The encoding of a text file.

    Raises
    ------
    SourceError
        If the file or a column is missing, or a record is malformed.

    """
    match kind_of(path, encoding):
        case "parquet":
            yield from _parquet_records(path, columns)
        case "json lines":
            yield from _json_records(path, columns, optional, encoding)
        case _:
            delimiter = delimiter_of(path, columns, encoding=encoding)
            for row, values in read_rows(path, columns, delimiter=delimiter, encoding=encoding):
                yield row, dict(zip(columns, values, strict=True))


def column_names(path: Path, columns: Sequence[str] = (), *, encoding: str = "utf-8") -> list[str]:
    """Return the names of a table's columns; for jsonl, those of all its records.

    Parameters
    ----------
    columns
        Columns that the table should have. They decide which delimiter separates them.

    Raises
    ------
    SourceError
        If the file is missing or malformed.

    """
    match kind_of(path, encoding):
        case "parquet":
            return _parquet_names(path)
        case "json lines":
            names = dict.fromkeys(name for _, record in _json_objects(path, encoding) for name in record)
            if names:
                return list(names)
            raise SourceError("has no records", path=path, remedy="Check that this is the right file")
        case _:
            delimiter = delimiter_of(path, columns, encoding=encoding)
            return read_header(path, delimiter=delimiter, encoding=encoding)


def kind_of(path: Path, encoding: str = "utf-8") -> Kind:
    """Return what kind of table a file is, by its content.

    Raises
    ------
    SourceError
        If there is no such file, or it is not a table.

    """
    found = format_of_file(path)
    if found is PARQUET:
        return "parquet"
    if found is not None:
        raise other_format(path, found, "a table (csv, tsv, jsonl or parquet)")
    suffix = suffix_of(path)
    start = _start(path, encoding)
    if start.startswith("[") and suffix not in _DELIMITED:
        raise SourceError(
            "is one JSON array, expected one JSON object per line",
            path=path,
            remedy="Write it so; in pandas: to_json(orient='records', lines=True)",
        )
    if start.startswith("{") or suffix == ".jsonl":
        return "json lines"
    if suffix not in _DELIMITED:
        raise SourceError(
            f"has {f'the suffix {suffix!r}' if suffix else 'no suffix'}, expected .csv, .tsv, .jsonl "
            "(optionally with .gz) or .parquet",
            path=path,
            remedy="Convert it to one of these formats",
        )
    return "delimited"


def suffix_of(path: Path) -> str:
    """Return the suffix of a file name in lower case, ignoring ``.gz``."""
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _start(path: Path, encoding: str) -> str:
    with open_text(path, encoding) as stream:
        try:
            return stream.read(_SAMPLE).lstrip("\ufeff \t\r\n")[:1]
        except READ_ERRORS:
            return ""  # the reader will fail as well, and can name the row


def _json_records(
    path: Path, columns: Sequence[str], optional: Collection[str], encoding: str
) -> Iterator[tuple[int, Record]]:
    for row, record in _json_objects(path, encoding):
        names = list(record)
        there = [name for name in columns if name not in optional or has_column(names, name)]
        try:
            positions = column_positions(path, names, there, is_header=True)
        except SourceError as problem:
            raise SourceError(problem.found, path=path, row=row, remedy=problem.remedy) from None
        found = {column: record[names[place]] for column, place in zip(there, positions, strict=True)}
        yield row, {column: found.get(column) for column in columns}


def _json_objects(path: Path, encoding: str) -> Iterator[tuple[int, Record]]:
    row = 0
    with open_text(path, encoding) as stream:
        try:
            for line in stream:
                if line.strip():
                    row += 1
                    yield row, _json_object(line, path, row)
        except READ_ERRORS as problem:
            raise unreadable(path, problem, row) from None


def _json_object(line: str, path: Path, row: int) -> Record:
    try:
        record = json.loads(line, object_pairs_hook=_unique)
    except _RepeatedKeyError:
        raise SourceError("has a key twice", path=path, row=row, remedy="Rename one of them") from None
    except (ValueError, RecursionError):
        # The parser's message may quote the line.
        spread = line.strip() in ("{", "[")
        found = "is not json: the object does not end on its line" if spread else "is not json"
        raise SourceError(found, path=path, row=row, remedy=_ONE_OBJECT) from None
    if not isinstance(record, dict):
        raise SourceError(
            f"is a json {type(record).__name__}, expected an object", path=path, row=row, remedy=_ONE_OBJECT
        )
    return record


class _RepeatedKeyError(Exception):
    """An object has a key twice, of which Python would keep the last."""


def _unique(pairs: list[tuple[str, Any]]) -> Record:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise _RepeatedKeyError
    return record


def _parquet_names(path: Path) -> list[str]:
    try:
        names: list[str] = pq.read_schema(path).names
    except (pa.ArrowException, OSError):
        raise _not_parquet(path, 0) from None
    return names


def _parquet_records(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Record]]:
    row = 0
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            positions = column_positions(path, names, columns, is_header=True)
            here = {column: names[place] for column, place in zip(columns, positions, strict=True)}
            for batch in file.iter_batches(
                batch_size=_RECORDS_IN_MEMORY, columns=list(dict.fromkeys(here.values()))
            ):
                if any(_in_nanoseconds(column) for column in batch.columns):
                    raise ValueError
                for record in batch.to_pylist():
                    row += 1
                    yield row, {column: record[name] for column, name in here.items()}
    except UnicodeError:
        raise SourceError(
            f"has text that is not UTF-8 after row {row}", path=path, remedy="Write the column again as text"
        ) from None
    except (pa.ArrowException, OSError):
        raise _not_parquet(path, row) from None
    except (ValueError, OverflowError):
        # Some times and dates of parquet do not fit into those of Python.
        raise SourceError(
            f"has values in row {row + 1} or later that are neither text, numbers nor lists, "
            "such as times in nanoseconds",
            path=path,
            remedy="Write the columns to read as text",
        ) from None


def _in_nanoseconds(column: pa.Array) -> bool:
    """Return whether a column has times in nanoseconds, which those of Python cannot hold.

    pyarrow would turn them into times of pandas where that is installed.
    """
    return getattr(column.type, "unit", None) == "ns" and column.null_count < len(column)


def _not_parquet(path: Path, row: int) -> SourceError:
    return SourceError(f"is not readable as parquet after row {row}", path=path, remedy="Write it again")
