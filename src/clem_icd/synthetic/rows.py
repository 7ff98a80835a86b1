"""Reproducible row files: their bytes depend only on the rows."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from clem_icd.synthetic.notice import NOTICE
from clem_icd.synthetic.writer import Mention

__all__ = ["EvidenceFile", "RowWriter", "csv_gz"]

_COMPRESSION = 6
_ROW_GROUP = 100_000


class RowWriter(Protocol):
    """Writes rows of a csv file."""

    def writerow(self, row: Iterable[object], /) -> object:
        """Write one row."""


@contextmanager
def csv_gz(path: Path, columns: Sequence[str], *, quote_text: bool = False) -> Iterator[RowWriter]:
    """Open a gzipped csv file without file name and time stamp, and write its header.

    Parameters
    ----------
    quote_text
        Quote all texts and nothing else, as MIMIC-III does; by default, quote only where needed.

    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        raw = stack.enter_context(path.open("wb"))
        packed = stack.enter_context(
            gzip.GzipFile(filename="", mode="wb", compresslevel=_COMPRESSION, fileobj=raw, mtime=0)
        )
        text = stack.enter_context(io.TextIOWrapper(packed, encoding="utf-8", newline=""))
        rows: RowWriter = _TextQuoted(text) if quote_text else csv.writer(text, lineterminator="\n")
        rows.writerow(columns)
        yield rows


class _TextQuoted:
    """Writes rows with quotes around texts, but not around numbers, dates and missing values."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def writerow(self, row: Iterable[object], /) -> object:
        return self._file.write(",".join(map(_field, row)) + "\n")


def _field(value: object) -> str:
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    return "" if value is None else str(value)


class EvidenceFile:
    """Writes the parquet file of evidence, one row group at a time, inside a ``with`` block.

    Parameters
    ----------
    path
        Output file.

    """

    _SCHEMA = pa.schema(
        [
            ("note_id", pa.string()),
            ("code", pa.string()),
            ("system", pa.string()),
            ("begin", pa.int64()),
            ("end", pa.int64()),
            ("weight", pa.float32()),
            ("method", pa.string()),
        ],
        metadata={"synthetic": "true", "notice": NOTICE},
    )

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, self._SCHEMA, compression="zstd")
        self._rows: list[tuple[str, str, str, int, int, float, str]] = []

    def __enter__(self) -> EvidenceFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._writer:
            if kind is None:
                self._flush()

    def add(self, note_id: str, evidence: Iterable[Mention]) -> None:
        """Add the evidence of one note."""
        self._rows.extend(
            (note_id, span.code.value, span.code.system.value, span.begin, span.end, 1.0, "synthetic")
            for span in evidence
        )
        if len(self._rows) >= _ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            columns = zip(*self._rows, strict=True)
            arrays = [pa.array(column, kind.type) for column, kind in zip(columns, self._SCHEMA, strict=True)]
            self._writer.write_table(pa.table(arrays, schema=self._SCHEMA))
            self._rows.clear()
