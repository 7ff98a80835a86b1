"""A first pass over a source leaves the wanted notes on the disk; the splits are written from there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from clem_icd.corpus import Note
from clem_icd.corpus.schema import NOTES

# Characters in memory on the way to the disk, and notes on the way back.
_GROUP_CHARACTERS = 16_000_000
_BATCH = 64


def stage_notes(path: Path, notes: Iterable[Note]) -> None:
    """Write notes to a parquet file, in bounded memory."""
    with pq.ParquetWriter(path, NOTES, compression="zstd") as file:
        for group in _groups(notes):
            file.write_table(pa.Table.from_pylist([note.as_row() for note in group], schema=NOTES))


def staged_notes(path: Path) -> Iterator[Note]:
    """Yield the notes of such a file in file order, a few at a time in memory."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_BATCH):
            for row in batch.to_pylist():
                yield Note.from_row(row)


def _groups(notes: Iterable[Note]) -> Iterator[list[Note]]:
    group: list[Note] = []
    characters = 0
    for note in notes:
        group.append(note)
        characters += len(note.text)
        if characters >= _GROUP_CHARACTERS:
            yield group
            group, characters = [], 0
    if group:
        yield group
