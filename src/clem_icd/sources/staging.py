"""Notes that a first pass over a source left on the disk; the splits are written from there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from clem_icd.corpus import Note

_BATCH = 64  # notes in memory


def staged_notes(path: Path) -> Iterator[Note]:
    """Yield the notes of a file of `write_notes` in file order, a few at a time in memory."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_BATCH):
            for row in batch.to_pylist():
                yield Note.from_row(row)
