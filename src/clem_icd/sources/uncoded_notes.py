"""New notes to code: files, and folders of files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from clem_icd.errors import NoteError
from clem_icd.texts import PlainText, Wrapped, decode_note, note_files, read_note

_LONGEST_NAME = 255  # bytes
_SUFFIX = re.compile(r"\.[A-Za-z]\w{0,4}\Z")


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
            return cls.failed(name, problem)

    @classmethod
    def failed(cls, name: str, problem: NoteError) -> UncodedNote:
        """Keep an error without its traceback, whose frames hold the text."""
        fresh = NoteError(problem.found, path=problem.path, row=problem.row, remedy=problem.remedy)
        return cls(name, None, fresh)


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
        elif is_folder(name):
            yield from _in_folder(Path(name), encoding, wrapped)
        elif _is_text(name):
            # The text is named nowhere: a note is a patient.
            found = f"expected a file name, got a text of {len(name):,} characters"
            yield UncodedNote("text", None, NoteError(found, remedy="Save it as a file, and name that"))
        else:
            yield _in_file(Path(name), name, encoding, wrapped)


def is_folder(name: str) -> bool:
    """Return whether there is such a folder; a name that cannot be one is none."""
    try:
        return Path(name).is_dir()
    except (OSError, ValueError):
        return False


def _is_text(name: str) -> bool:
    """Return whether what should name a file is a text instead: too long, in lines, or several words."""
    try:
        if Path(name).exists():
            return False
    except (OSError, ValueError):
        return True
    words = len(name.split())
    return (
        len(name.encode("utf-8", "surrogatepass")) > _LONGEST_NAME
        or "\0" in name
        or len(name.splitlines()) > 1
        or words > (6 if _SUFFIX.search(name) else 2)
    )


def _in_folder(folder: Path, encoding: str | None, wrapped: Wrapped) -> Iterator[UncodedNote]:
    try:
        files = note_files(folder)
    except NoteError as problem:
        yield UncodedNote.failed(str(folder), problem)
        return
    for path in files:
        yield _in_file(path, str(path), encoding, wrapped)


def _in_file(path: Path, name: str, encoding: str | None, wrapped: Wrapped) -> UncodedNote:
    return UncodedNote.of(name, lambda: read_note(path, encoding=encoding, wrapped=wrapped))
