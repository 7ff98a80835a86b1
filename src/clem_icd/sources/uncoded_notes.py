"""New notes to code: files, folders of files, and the records of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from clem_icd.errors import NoteError, SourceError
from clem_icd.tabular.records import Record, read_records
from clem_icd.tabular.values import read_id, read_text
from clem_icd.texts import PlainText, Wrapped, decode_note, note_files, plain_text, read_note


@dataclass(frozen=True, slots=True)
class UncodedNote:
    """A note to code, or why it cannot be read.

    Attributes
    ----------
    name
        What results and messages call it: its file, or its note id.
    plain
        Its text; None if it cannot be read.
    problem
        Why it cannot be read; None if it can.

    """

    name: str
    plain: PlainText | None
    problem: NoteError | None = None

    @classmethod
    def of(cls, name: str, read: Callable[[], PlainText]) -> UncodedNote:
        """Read a note, or keep the error."""
        try:
            return cls(name, read())
        except NoteError as problem:
            return cls(name, None, problem)


def notes_in_files(
    names: Iterable[str],
    standard_input: Callable[[], bytes],
    *,
    encoding: str | None = None,
    wrapped: Wrapped = "convert",
) -> Iterator[UncodedNote]:
    """Yield a note per file, in order.

    Parameters
    ----------
    names
        Files, folders (of which every ``*.txt`` is a note), and ``-`` for standard input.
    standard_input
        Returns the bytes of standard input.
    encoding, wrapped
        As for `clem_icd.texts.read_note`.

    """
    for name in names:
        if name == "-":
            yield UncodedNote.of(
                "-",
                lambda: decode_note(standard_input(), "standard input", encoding=encoding, wrapped=wrapped),
            )
        elif Path(name).is_dir():
            yield from _in_folder(Path(name), encoding, wrapped)
        else:
            yield _in_file(Path(name), name, encoding, wrapped)


def notes_in_table(
    path: Path,
    *,
    note_id: str = "note_id",
    text: str = "text",
    encoding: str = "utf-8",
    wrapped: Wrapped = "convert",
) -> Iterator[UncodedNote]:
    """Yield a note per record of a table, in order.

    Raises
    ------
    SourceError
        If the table is malformed or lacks a column.

    """
    for row, record in read_records(path, [note_id, text], encoding=encoding):
        name = _id_of(record, note_id, path, row)
        value = record[text]

        def read(row: int = row, value: object = value) -> PlainText:
            try:
                return plain_text(read_text(value, text), wrapped=wrapped)
            except (NoteError, SourceError) as problem:
                raise NoteError(problem.found, path=path, row=row, remedy=problem.remedy) from None

        yield UncodedNote.of(name, read)


def check_records(
    path: Path, *, note_id: str = "note_id", text: str = "text", encoding: str = "utf-8"
) -> int:
    """Read a whole table but for its texts, and return the number of its records.

    Raises
    ------
    SourceError
        If it is malformed, lacks a column, has no records, or has ids that are neither text nor integers.

    """
    count = 0
    for row, record in read_records(path, [note_id, text], encoding=encoding):
        _id_of(record, note_id, path, row)
        count += 1
    if not count:
        raise SourceError("has no records", path=path, remedy="Check that this is the right file")
    return count


def _id_of(record: Record, note_id: str, path: Path, row: int) -> str:
    try:
        return read_id(record[note_id], note_id) or f"row {row}"
    except SourceError as problem:
        raise SourceError(problem.found, path=path, row=row, remedy=problem.remedy) from None


def _in_folder(folder: Path, encoding: str | None, wrapped: Wrapped) -> Iterator[UncodedNote]:
    try:
        files = note_files(folder)
    except NoteError as problem:
        yield UncodedNote(str(folder), None, problem)
        return
    for path in files:
        yield _in_file(path, str(path), encoding, wrapped)


def _in_file(path: Path, name: str, encoding: str | None, wrapped: Wrapped) -> UncodedNote:
    return UncodedNote.of(name, lambda: read_note(path, encoding=encoding, wrapped=wrapped))
