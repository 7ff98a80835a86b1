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
        else:
            for own_name, place in places_of_notes(name):
                yield note_in_file(own_name, place, encoding=encoding, wrapped=wrapped)


def places_of_notes(name: str) -> Iterator[tuple[str, Path | NoteError]]:
    """Yield the name of every note of a file or folder, and its file, or why it has none."""
    if is_folder(name):
        try:
            yield from ((str(path), path) for path in note_files(Path(name)))
        except NoteError as problem:
            yield name, problem
    elif _is_text(name):
        # The text is named nowhere: a note is a patient.
        found = f"expected a file name, got a text of {len(name):,} characters"
        yield "text", NoteError(found, remedy="Save it as a file, and name that")
    else:
        yield name, Path(name)


def note_in_file(
    name: str, place: Path | NoteError, *, encoding: str | None = None, wrapped: Wrapped = "convert"
) -> UncodedNote:
    """Read a note that `places_of_notes` named."""
    if isinstance(place, NoteError):
        return UncodedNote.failed(name, place)
    return UncodedNote.of(name, lambda: read_note(place, encoding=encoding, wrapped=wrapped))


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
