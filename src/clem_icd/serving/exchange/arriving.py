"""Encounters that arrive as a folder, a table or a corpus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from clem_icd.corpus import Corpus
from clem_icd.errors import InputError, NoteError, SourceError
from clem_icd.serving.store.encounters import Document
from clem_icd.sources import UncodedNote, notes_in_files
from clem_icd.tabular import read_records
from clem_icd.tabular.values import read_id, read_text
from clem_icd.texts import PlainText, note_files, plain_text


@dataclass(frozen=True)
class Arriving:
    """An encounter to import.

    Attributes
    ----------
    name
        Its name in the hospital's systems.
    documents
        Its documents; those that cannot be read are missing.
    problems
        Why a document cannot be read.

    """

    name: str
    documents: tuple[Document, ...]
    problems: tuple[NoteError, ...] = ()


def encounters_in_folder(folder: Path) -> Iterator[Arriving]:
    """Yield an encounter per text file of a folder, and one per subfolder with text files.

    Raises
    ------
    NoteError
        If there are neither.

    """
    for name, paths in groupby(note_files(folder), lambda path: path.relative_to(folder).parts[0]):
        notes = notes_in_files(map(str, paths), bytes)
        own = Path(name).stem if (folder / name).is_file() else name
        yield _joined(own, [(note, None) for note in notes])


def encounters_in_table(
    path: Path,
    *,
    encounter: str = "encounter_id",
    note_id: str = "note_id",
    text: str = "text",
    kind: str | None = None,
    encoding: str = "utf-8",
) -> list[Arriving]:
    """Return the encounters of a csv, tsv, jsonl or parquet table, in the order in which they begin.

    Parameters
    ----------
    path
        A table with one document per record.
    encounter, note_id, text, kind
        The columns with the encounter, the name, the text and the kind of a document.

    Raises
    ------
    SourceError
        If the table is malformed or lacks a column.

    """
    columns = [encounter, note_id, text, *([kind] if kind else [])]
    found: dict[str, list[tuple[UncodedNote, str | None]]] = {}
    for row, record in read_records(path, columns, encoding=encoding):
        name, document, label = (
            _id(record[column], column, path, row) if column else None
            for column in (encounter, note_id, kind)
        )

        def read(row: int = row, value: object = record[text]) -> PlainText:
            try:
                return plain_text(read_text(value, text), wrapped="convert")
            except InputError as problem:
                raise NoteError(problem.found, path=path, row=row, remedy=problem.remedy) from None

        note = UncodedNote.of(document or f"row {row}", read)
        found.setdefault(name or f"row {row}", []).append((note, label))
    if not found:
        raise InputError("has no records", path=path, remedy="Check that this is the right file")
    return [_joined(name, notes) for name, notes in found.items()]


def encounters_in_corpus(corpus: Corpus, split: str) -> Iterator[Arriving]:
    """Yield the encounters of a split: the notes of an admission that follow each other, or single notes.

    Raises
    ------
    CorpusError
        If the corpus has no such split.

    """
    for name, notes in groupby(corpus.notes(split), lambda note: note.admission_id or note.note_id):
        yield Arriving(name, tuple(Document(note.note_id, note.text) for note in notes))


def _id(value: object, column: str, path: Path, row: int) -> str | None:
    try:
        return read_id(value, column)
    except SourceError as problem:
        raise SourceError(problem.found, path=path, row=row, remedy=problem.remedy) from None


def _joined(name: str, notes: Iterable[tuple[UncodedNote, str | None]]) -> Arriving:
    listed = list(notes)
    return Arriving(
        name,
        tuple(
            Document(Path(note.name).name, note.plain.text, kind)
            for note, kind in listed
            if note.plain is not None
        ),
        tuple(note.problem for note, _ in listed if note.problem is not None),
    )
