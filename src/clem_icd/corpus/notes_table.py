"""The notes table: notes to and from a parquet file, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from clem_icd.corpus.notes import Note
from clem_icd.corpus.schema import NOTES
from clem_icd.errors import CorpusError
from clem_icd.texts.flaws import flaw_in

# A row group ends after about this many characters of text, so that memory stays bounded however long the
# notes are.
_GROUP_CHARACTERS = 16_000_000
_GROUP_NOTES = 4_000

_NOTES_IN_MEMORY = 64


def write_tables(path: Path, tables: Iterable[pa.Table]) -> None:
    """Write tables with the schema `NOTES` to one file, in order."""
    # A dictionary helps with values that repeat; texts do not.
    repeating = ["codes.list.element.code", "codes.list.element.system"]
    with pq.ParquetWriter(path, NOTES, compression="zstd", use_dictionary=repeating) as file:
        for table in tables:
            file.write_table(table)


def write_notes(path: Path, notes: Iterable[Note]) -> None:
    """Write notes to a file, in order, unchecked."""
    write_tables(path, note_tables(notes))


def read_notes(path: Path) -> Iterator[Note]:
    """Yield the notes of a file that `write_notes` wrote, in order, a few at a time in memory."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_NOTES_IN_MEMORY):
            for row in batch.to_pylist():
                yield Note.from_row(row)


def note_tables(notes: Iterable[Note]) -> Iterator[pa.Table]:
    """Yield notes as tables with the schema `NOTES`, in order.

    Raises
    ------
    CorpusError
        If a text contains half of a surrogate pair, which no table can hold.

    """
    for group in _groups(notes):
        try:
            yield pa.Table.from_pylist([note.as_row() for note in group], schema=NOTES)
        except UnicodeEncodeError:
            raise _unencodable(group) from None


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


def _unencodable(notes: Iterable[Note]) -> CorpusError:
    for note in notes:
        if flaw := flaw_in(note.text):
            return CorpusError(f"note {note.note_id} {flaw.found}", remedy=flaw.remedy)
    return CorpusError("an id or a code contains half of a surrogate pair", remedy="Decode it as UTF-8")
