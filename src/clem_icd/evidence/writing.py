"""Writing evidence files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clem_icd.files import new_file
from clem_icd.icd import Code

__all__ = ["GROUP_SPANS", "SPANS", "EvidenceWriter", "evidence_writer"]

GROUP_SPANS = 100_000
"""Spans per row group."""

SPANS = pa.schema(
    [
        pa.field("note_id", pa.string(), nullable=False),
        pa.field("code", pa.string(), nullable=False),
        pa.field("system", pa.string(), nullable=False),
        pa.field("begin", pa.int64(), nullable=False),
        pa.field("end", pa.int64(), nullable=False),
        pa.field("weight", pa.float32(), nullable=False),
        pa.field("method", pa.string(), nullable=False),
    ]
)
"""The columns of an evidence file."""


class EvidenceWriter:
    """Writes spans, one row group at a time; made by `evidence_writer`.

    Attributes
    ----------
    count
        The number of spans so far.
    codes, codes_without_span
        The number of pairs of a note and a code so far, and of those without any span.

    """

    def __init__(self, file: Any, method: str) -> None:
        self.count = 0
        self.codes = 0
        self.codes_without_span = 0
        self._file = file
        self._method = method
        self._rows: list[tuple[str, str, str, int, int, float, str]] = []

    def write(self, note_id: str, code: Code, spans: Iterable[tuple[int, int, float]]) -> None:
        """Add the spans of a code of a note: begin, end and weight of each; call it once for each code."""
        before = self.count
        for begin, end, weight in spans:
            self.count += 1
            self._rows.append((note_id, code.value, code.system.value, begin, end, weight, self._method))
        self.codes += 1
        self.codes_without_span += self.count == before
        if len(self._rows) >= GROUP_SPANS:
            self.flush()

    def flush(self) -> None:
        """Write the spans that wait for their row group."""
        columns = zip(*self._rows, strict=True) if self._rows else [()] * len(SPANS)
        arrays = [pa.array(column, kind) for column, kind in zip(columns, SPANS.types, strict=True)]
        self._file.write_table(pa.Table.from_arrays(arrays, schema=SPANS))
        self._rows.clear()


@contextmanager
def evidence_writer(path: Path, method: str, *, force: bool = False) -> Iterator[EvidenceWriter]:
    """Yield a writer of an evidence file, which appears once it is complete.

    Parameters
    ----------
    method
        What found the spans, the same for all.

    Raises
    ------
    OutputError
        If ``path`` is occupied and ``force`` is false, or the disk is full.

    """
    with new_file(path, force=force) as temporary, pq.ParquetWriter(temporary, SPANS) as file:
        writer = EvidenceWriter(file, method)
        yield writer
        writer.flush()
