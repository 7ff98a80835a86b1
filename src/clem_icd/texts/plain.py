"""From the text of a file or a cell to the plain text of a note."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from clem_icd.errors import NoteError
from clem_icd.texts.decoding import decode
from clem_icd.texts.flaws import check_text, flaw_in
from clem_icd.texts.formats import format_of
from clem_icd.texts.wrappings import wrapping_of

Wrapped = Literal["convert", "keep", "refuse"]
"""What to do with a note that is wrapped in another format."""

# base64 of HTML with escaped characters has three. A text with more is not a note.
_MOST_WRAPPINGS = 4


@dataclass(frozen=True, slots=True)
class PlainText:
    """The text of a note, and what was undone to get it.

    Attributes
    ----------
    text
        The text that offsets refer to.
    wrappings
        What the note was, or still is, wrapped in, from the outside in: names such as "base64" and "HTML".

    """

    text: str
    wrappings: tuple[str, ...] = ()


def plain_text(text: str, *, wrapped: Wrapped = "convert") -> PlainText:
    """Return the plain text of one note.

    Parameters
    ----------
    text
        The text of a file or a cell, unchanged if it is plain already.
    wrapped
        What to do with a note that is wrapped in another format: convert it, refuse it, or keep it as it is,
        even if it seems to be no note at all.

    Raises
    ------
    NoteError
        If the text cannot be a note: it is empty, a table, a message without a text, … The error does not
        name the note.

    """
    plain = unwrapped(check_text(text), wrapped=wrapped)
    if plain.wrappings and (flaw := flaw_in(plain.text)):
        raise NoteError(
            f"the note {flaw.found} without {', '.join(plain.wrappings)}",
            remedy=flaw.remedy,
        )
    return plain


def unwrapped(text: str, *, wrapped: Wrapped = "convert") -> PlainText:
    """Return a text as `plain_text` does, but of any length, empty or not."""
    undone: list[str] = []
    while found := wrapping_of(text, undone):
        if wrapped == "keep":
            return PlainText(text, (found.name,))
        if len(undone) >= _MOST_WRAPPINGS:
            raise NoteError(
                f"is wrapped more than {_MOST_WRAPPINGS} times: in {', '.join((*undone, found.name))}",
                remedy="Extract the text of the note",
            )
        if wrapped == "refuse" or found.unwrap is None:
            raise NoteError(f"is {found.full_name}, expected the text of a note", remedy=found.remedy)
        inner = found.unwrap(text)
        undone.append(found.name)
        if isinstance(inner, bytes):
            inner, layers = _decoded(inner, found.name)
            undone += layers
        text = inner
    return PlainText(text, tuple(undone))


def _decoded(content: bytes, wrapping: str) -> tuple[str, tuple[str, ...]]:
    try:
        return decode(content)
    except NoteError as error:
        # An encoding that the user names is that of the wrapping.
        remedy = error.remedy if format_of(content) else "Unwrap it, and save its text as UTF-8"
        raise NoteError(f"is wrapped in {wrapping}, and {error.found}", remedy=remedy) from None
