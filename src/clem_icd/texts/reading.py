"""Reading notes from files and bytes."""

from __future__ import annotations

from pathlib import Path

from clem_icd.errors import NoteError
from clem_icd.texts.decoding import decode
from clem_icd.texts.plain import PlainText, Wrapped, plain_text


def decode_note(
    content: bytes, name: str, *, encoding: str | None = None, wrapped: Wrapped = "convert"
) -> PlainText:
    """Decode the bytes of one note; ``name`` is what errors call it.

    Line endings stay as they are.

    Parameters
    ----------
    content
        The bytes, gzipped or not.
    encoding
        Their encoding. By default UTF-8, or UTF-16 or UTF-32 where a mark or the NUL bytes show it.
    wrapped
        What to do with a note that is wrapped in another format.

    Raises
    ------
    NoteError
        If they are not text in that encoding, or not one note.

    """
    try:
        text, undone = decode(content, encoding)
        plain = plain_text(text, wrapped=wrapped)
    except NoteError as error:
        raise NoteError(error.found, path=name, remedy=error.remedy) from None
    return PlainText(plain.text, (*undone, *plain.wrappings))


def read_note(path: Path, *, encoding: str | None = None, wrapped: Wrapped = "convert") -> PlainText:
    """Read one note from a file, as `decode_note` does.

    Raises
    ------
    NoteError
        If there is no such file, it is not text, or not one note.

    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NoteError("there is no such file", path=path, remedy="Check the name") from None
    except IsADirectoryError:
        raise NoteError("is a folder, expected a text file", path=path, remedy="Name a file") from None
    except OSError as problem:
        raise NoteError(
            f"cannot be read ({type(problem).__name__})", path=path, remedy="Name a text file"
        ) from problem
    return decode_note(content, str(path), encoding=encoding, wrapped=wrapped)
