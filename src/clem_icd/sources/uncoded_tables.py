"""New notes to code: the records of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from clem_icd.errors import NoteError, SourceError
from clem_icd.sources.uncoded_notes import UncodedNote
from clem_icd.tabular.delimited import check_field
from clem_icd.tabular.headers import is_named
from clem_icd.tabular.records import Record, read_records
from clem_icd.tabular.values import read_id, read_text
from clem_icd.texts import PlainText, Wrapped, plain_text


class Checked(NamedTuple):
    """How many records a table has to code, and how many that only repeat its header."""

    records: int
    repeated_headers: int


def notes_in_table(
    path: Path,
    *,
    note_id: str = "note_id",
    text: str = "text",
    encoding: str = "utf-8",
    wrapped: Wrapped = "convert",
) -> Iterator[UncodedNote]:
    """Yield a note per record of a table, in order; records that repeat its header are left out.

    Raises
    ------
    SourceError
        If the table is malformed or lacks a column.

    """
    for read in unread_in_table(path, note_id=note_id, text=text, encoding=encoding, wrapped=wrapped):
        yield read()


def unread_in_table(
    path: Path,
    *,
    note_id: str = "note_id",
    text: str = "text",
    encoding: str = "utf-8",
    wrapped: Wrapped = "convert",
) -> Iterator[Callable[[], UncodedNote]]:
    """Yield a function per note of `notes_in_table` that reads it, so that notes can be passed over.

    Raises
    ------
    SourceError
        If the table is malformed or lacks a column.

    """
    for row, record in read_records(path, [note_id, text], encoding=encoding):
        if _repeats_header(record):
            continue
        name = _id_of(record, note_id, path, row)
        yield partial(UncodedNote.of, name, partial(_read, record[text], text, path, row, wrapped))


def _read(value: object, column: str, path: Path, row: int, wrapped: Wrapped) -> PlainText:
    try:
        return plain_text(read_text(value, column), wrapped=wrapped)
    except (NoteError, SourceError) as problem:
        raise NoteError(problem.found, path=path, row=row, remedy=problem.remedy) from None


def check_records(
    path: Path,
    *,
    note_id: str = "note_id",
    text: str = "text",
    encoding: str = "utf-8",
    seen: Callable[[str, int], object] | None = None,
) -> Checked:
    """Read a whole table but for its texts, and return the numbers of its records.

    Parameters
    ----------
    path, note_id, text, encoding
        As for `notes_in_table`.
    seen
        Called with the id of every note and its length in characters; 0 if it is not text.

    Raises
    ------
    SourceError
        If it is malformed, lacks a column, has no records, or has ids that are neither text nor integers.

    """
    count = headers = 0
    for row, record in read_records(path, [note_id, text], encoding=encoding):
        if _repeats_header(record):
            headers += 1
            continue
        name = _id_of(record, note_id, path, row)
        count += 1
        if seen is not None:
            value = record[text]
            seen(name, len(value) if isinstance(value, str) else 0)
    if not count:
        raise SourceError("has no records", path=path, remedy="Check that this is the right file")
    return Checked(count, headers)


def _repeats_header(record: Record) -> bool:
    return all(isinstance(value, str) and is_named(value, name) for name, value in record.items())


def _id_of(record: Record, note_id: str, path: Path, row: int) -> str:
    try:
        name = read_id(record[note_id], note_id) or f"row {row}"
        check_field(name, path, row)
    except SourceError as problem:
        raise SourceError(problem.found, path=path, row=row, remedy=problem.remedy) from None
    return name
