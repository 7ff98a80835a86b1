"""Notes on their way into a parquet file, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from clem_icd.corpus.notes import Note
from clem_icd.corpus.schema import NOTES

# Rows are handed to the file in groups of about this many characters of text, so that memory
# stays bounded whatever the length of the notes.
_GROUP_CHARACTERS = 16_000_000
_GROUP_NOTES = 4_000


def write_tables(path: Path, tables: Iterable[pa.Table]) -> None:
    """Write tables of the schema `NOTES` into one file, in their order."""
    # A dictionary is of use to what comes again, and no text does.
    again = ["codes.list.element.code", "codes.list.element.system"]
    with pq.ParquetWriter(path, NOTES, compression="zstd", use_dictionary=again) as file:
        for table in tables:
            file.write_table(table)


def write_notes(path: Path, notes: Iterable[Note]) -> None:
    """Write notes as a notes table, in their order."""
    write_tables(path, note_tables(notes))


def note_tables(notes: Iterable[Note]) -> Iterator[pa.Table]:
    """Yield notes as tables of the schema `NOTES`, in their order."""
    for group in _groups(notes):
        yield pa.Table.from_pylist([note.as_row() for note in group], schema=NOTES)


def _groups(notes: Iterable[Note]) -> Iterator[list[Note]]:
    group: list[Note] = []
    size = 0
    for note in notes:
        group.append(note)
        size += len(note.text)
        if size >= _GROUP_CHARACTERS or len(group) >= _GROUP_NOTES:
            yield group
            group, size = [], 0
    if group:
        yield group
