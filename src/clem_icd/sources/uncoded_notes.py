"""New notes to code: files, and folders of files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from clem_icd.errors import NoteError
from clem_icd.texts import PlainText, Wrapped, decode_note, note_files, read_note


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
