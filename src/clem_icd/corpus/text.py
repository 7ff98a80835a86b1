"""From bytes to the text of one note."""

from __future__ import annotations

from pathlib import Path

from clem_icd.corpus.notes import MAX_CHARACTERS
from clem_icd.errors import NoteError


def read_note(path: Path) -> str:
    """Read a note from a UTF-8 text file, line endings as they are.

    Raises
    ------
    NoteError
        If there is no such file, or it is empty, not UTF-8 text, or too long to be one note.

    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NoteError("there is no such file", path=path, remedy="Check the name") from None
    except OSError as problem:
        raise NoteError(
            f"cannot be read ({type(problem).__name__})", path=path, remedy="Name a text file"
        ) from problem
    return decode_note(content, str(path))


def decode_note(content: bytes, name: str) -> str:
    """Decode and check the bytes of a note; ``name`` is what errors call it."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise NoteError(
            f"is not UTF-8 text: byte {problem.start} does not fit", path=name, remedy="Convert it to UTF-8"
        ) from None
    return check_text(text, name)


def check_text(text: str, name: str | None = None) -> str:
    """Return a text that can be one note.

    Raises
    ------
    NoteError
        If it is empty, holds a NUL character or half of a surrogate pair, or is too long.

    """
    if not text.strip():
        raise NoteError("the note is empty", path=name, remedy="Give it some text")
    if "\0" in text:
        raise NoteError(
            "the note is binary: it holds NUL characters", path=name, remedy="Give it as plain text"
        )
    if len(text) > MAX_CHARACTERS:
        raise NoteError(
            f"is {len(text):,} characters long, more than the {MAX_CHARACTERS:,} of any one note",
            path=name,
            remedy="Give every note as a file of its own",
        )
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise NoteError(
            "the note holds half of a surrogate pair", path=name, remedy="Decode it as UTF-8 or UTF-16"
        )
    return text
