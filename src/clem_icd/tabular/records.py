"""Reading a user's table as records: csv, tsv, jsonl or parquet, in bounded memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clem_icd.errors import SourceError
from clem_icd.tabular.delimited import open_text, read_rows
from clem_icd.tabular.refusals import READ_ERRORS, missing_column, unreadable

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_RECORDS_IN_MEMORY = 64

_ONE_OBJECT = "Write one json object per line"

Record = dict[str, Any]


def read_records(
    path: Path, columns: Sequence[str], *, encoding: str = "utf-8"
) -> Iterator[tuple[int, Record]]:
    """Yield the number of every record, from 1, and its values of some columns.

    Values from csv and tsv are text; those from jsonl and parquet keep their types.

    Parameters
    ----------
    path
        A file named ``.csv``, ``.tsv`` or ``.jsonl``, optionally with ``.gz``, or ``.parquet``.
    columns
        The columns to read. Every record must have them.
    encoding
        The encoding of a text file.

    Raises
    ------
    SourceError
        If the file or a column is missing, or a record is malformed.

    """
    kind = Path(path.name.lower().removesuffix(".gz")).suffix
    if kind in _DELIMITERS:
        for row, values in read_rows(path, columns, delimiter=_DELIMITERS[kind], encoding=encoding):
            yield row, dict(zip(columns, values, strict=True))
    elif kind == ".jsonl":
        yield from _json_records(path, columns, encoding)
    elif kind == ".parquet":
        yield from _parquet_records(path, columns)
    else:
        raise SourceError(
            f"has the suffix {kind!r}, expected .csv, .tsv, .jsonl (optionally with .gz) or .parquet"
            if kind
            else "has no suffix, expected .csv, .tsv, .jsonl (optionally with .gz) or .parquet",
            path=path,
            remedy="Convert it to one of these formats",
        )


def _json_records(path: Path, columns: Sequence[str], encoding: str) -> Iterator[tuple[int, Record]]:
    row = 0
    with open_text(path, encoding) as stream:
        try:
            for line in stream:
                if not line.strip():
                    continue
                row += 1
                record = _json_object(line, path, row)
                for column in columns:
                    if column not in record:
                        raise missing_column(path, column, list(record), row)
                yield row, {column: record[column] for column in columns}
        except READ_ERRORS as problem:
            raise unreadable(path, problem, row) from None


def _json_object(line: str, path: Path, row: int) -> Record:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        # The parser's message may quote the line.
        raise SourceError("is not json", path=path, row=row, remedy=_ONE_OBJECT) from None
    if not isinstance(record, dict):
        raise SourceError(
            f"is a json {type(record).__name__}, expected an object", path=path, row=row, remedy=_ONE_OBJECT
        )
    return record


def _parquet_records(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Record]]:
    row = 0
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            for column in columns:
                if column not in names:
                    raise missing_column(path, column, names)
            for batch in file.iter_batches(
                batch_size=_RECORDS_IN_MEMORY, columns=list(dict.fromkeys(columns))
            ):
                for record in batch.to_pylist():
                    row += 1
                    yield row, record
    except FileNotFoundError:
        raise SourceError("there is no such file", path=path, remedy="Check the name") from None
    except (pa.ArrowException, OSError, UnicodeError):
        raise SourceError(
            f"is not readable as parquet after row {row}", path=path, remedy="Write it again"
        ) from None
