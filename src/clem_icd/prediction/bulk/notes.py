"""Where many notes come from: a split of a corpus, a table, or files.

Each source can be sent to another process or machine, which reads the notes there for itself. No text of a
note is ever passed from one process to another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol, Self

import pyarrow.compute as pc
import pyarrow.parquet as pq

from clem_icd.corpus import Corpus
from clem_icd.errors import InputError, NoteError
from clem_icd.files import sha256_of
from clem_icd.sources import (
    UncodedNote,
    check_records,
    note_in_file,
    places_of_notes,
    unread_in_table,
)
from clem_icd.tabular.sentences import repeated_headers
from clem_icd.texts import PlainText, Wrapped

_NOTES_IN_MEMORY = 64

Seen = Callable[[str, int], object]
"""Called with the name of a note and its length in characters, or about that."""

Unread = Callable[[], UncodedNote]
"""Reads a note."""


class Notes(Protocol):
    """Notes that can be read again and again, always the same in the same order."""

    def survey(self, seen: Seen) -> tuple[str, ...]:
        """Pass over all notes without scoring them, and return remarks on them, as sentences."""
        ...

    def unread(self) -> Iterator[Unread]:
        """Yield a function per note that reads it, so that notes can be passed over."""
        ...

    def identity(self) -> dict[str, Any]:
        """Return what decides which notes these are, and how they are read: other contents, another value."""
        ...

    def absolute(self) -> Self:
        """Return the same notes with absolute paths, for a process with another current folder."""
        ...


@dataclass(frozen=True)
class SplitNotes:
    """The notes of a split of a corpus, which were checked when the corpus was opened."""

    path: Path
    fingerprint: str
    split: str

    @classmethod
    def of(cls, corpus: Corpus, split: str) -> SplitNotes:
        """Return the notes of a split.

        Raises
        ------
        CorpusError
            If the corpus has no such split.
        InputError
            If the split has no notes.

        """
        if not corpus.size(split):
            raise InputError(f"the split {split} has no notes", path=corpus.path, remedy="Name another split")
        return cls(corpus.notes_path(split), corpus.fingerprint, split)

    def survey(self, seen: Seen) -> tuple[str, ...]:
        """Pass over all notes; there is nothing to remark on them."""
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(batch_size=_NOTES_IN_MEMORY, columns=["note_id", "text"]):
                lengths = pc.utf8_length(batch["text"]).to_pylist()
                for name, length in zip(batch["note_id"].to_pylist(), lengths, strict=True):
                    seen(name, length)
        return ()

    def unread(self) -> Iterator[Unread]:
        """Yield a function per note that returns it."""
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(batch_size=_NOTES_IN_MEMORY, columns=["note_id", "text"]):
                for row in batch.to_pylist():
                    yield partial(UncodedNote, row["note_id"], PlainText(row["text"]))

    def identity(self) -> dict[str, Any]:
        """Return the fingerprint of the corpus, and the split."""
        return {"corpus_fingerprint": self.fingerprint, "split": self.split}

    def absolute(self) -> SplitNotes:
        """Return the same notes with an absolute path."""
        return replace(self, path=self.path.absolute())


@dataclass(frozen=True)
class TableNotes:
    """The records of a table."""

    path: Path
    note_id: str = "note_id"
    text: str = "text"
    encoding: str = "utf-8"
    wrapped: Wrapped = "convert"

    def survey(self, seen: Seen) -> tuple[str, ...]:
        """Pass over all records, and check them as `check_records` does."""
        found = check_records(
            self.path, note_id=self.note_id, text=self.text, encoding=self.encoding, seen=seen
        )
        if not found.repeated_headers:
            return ()
        return (f"{self.path}: {repeated_headers(found.repeated_headers)}",)

    def unread(self) -> Iterator[Unread]:
        """Yield a function per record that reads its note."""
        return unread_in_table(
            self.path, note_id=self.note_id, text=self.text, encoding=self.encoding, wrapped=self.wrapped
        )

    def identity(self) -> dict[str, Any]:
        """Return the SHA-256 of the table, and how it is read."""
        return {
            "table": sha256_of(self.path),
            "note_id": self.note_id,
            "text": self.text,
            "encoding": self.encoding,
            "wrapped": self.wrapped,
        }

    def absolute(self) -> TableNotes:
        """Return the same notes with an absolute path."""
        return replace(self, path=self.path.absolute())


@dataclass(frozen=True)
class FileNotes:
    """Text files with one note each.

    Attributes
    ----------
    places
        The name of every note, and its file, or why it has none: a folder is listed once, so that a file
        that is added later changes nothing.

    """

    places: tuple[tuple[str, Path | NoteError], ...]
    encoding: str = "utf-8"
    wrapped: Wrapped = "convert"

    @classmethod
    def named(
        cls, names: Iterable[str], *, encoding: str = "utf-8", wrapped: Wrapped = "convert"
    ) -> FileNotes:
        """Return the notes of files and of folders, as `clem_icd.sources.notes_in_files` reads them.

        Raises
        ------
        InputError
            If standard input is named, which cannot be read twice.

        """
        names = list(names)
        if "-" in names:
            raise InputError(
                "standard input cannot be scored: notes are read again to resume",
                remedy="Save the notes as files or as a table, or code them with `clem code`",
            )
        return cls(tuple(place for name in names for place in places_of_notes(name)), encoding, wrapped)

    def survey(self, seen: Seen) -> tuple[str, ...]:
        """Pass over all files by their sizes."""
        for name, place in self.places:
            seen(name, _size(place))
        return ()

    def unread(self) -> Iterator[Unread]:
        """Yield a function per file that reads it."""
        for name, place in self.places:
            yield partial(note_in_file, name, place, encoding=self.encoding, wrapped=self.wrapped)

    def identity(self) -> dict[str, Any]:
        """Return the SHA-256 of all names and contents, and how they are read."""
        digest = hashlib.sha256()
        for name, place in self.places:
            digest.update(name.encode("utf-8", "surrogatepass") + b"\0" + _digest(place).encode() + b"\n")
        return {"files": digest.hexdigest(), "encoding": self.encoding, "wrapped": self.wrapped}

    def absolute(self) -> FileNotes:
        """Return the same notes with absolute paths."""
        places = (
            (name, place if isinstance(place, NoteError) else place.absolute()) for name, place in self.places
        )
        return replace(self, places=tuple(places))


def _size(place: Path | NoteError) -> int:
    try:
        return 0 if isinstance(place, NoteError) else place.stat().st_size
    except OSError:
        return 0  # reading it says why


def _digest(place: Path | NoteError) -> str:
    try:
        return "none" if isinstance(place, NoteError) else sha256_of(place)
    except OSError:
        return "unreadable"
