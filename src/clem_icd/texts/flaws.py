"""What the text of a note must be.

Everything that accepts notes (corpora, tables, raw files, the coder) asks `flaw_in`; `is_flawed` asks the
same of a whole column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clem_icd.errors import NoteError

if TYPE_CHECKING:
    import polars as pl

# Twenty times the length of the longest note in MIMIC. Anything longer is several notes, or not a note.
MAX_CHARACTERS = 1_000_000

# What `str.strip` removes. A regular expression's \s lacks the four separators of ASCII.
_NOT_BLANK = r"[^\s\x1c-\x1f]"


@dataclass(frozen=True, slots=True)
class TextFlaw:
    """Why a text cannot be a note.

    Attributes
    ----------
    found
        The rest of a sentence that begins with the note: "is empty".
    remedy
        What to do about it.

    """

    found: str
    remedy: str


def flaw_in(text: str) -> TextFlaw | None:
    """Return why a text cannot be a note; None if it can."""
    if not text.strip():
        return TextFlaw("is empty", "Leave it out, or add its text")
    if "\0" in text:
        return TextFlaw("contains NUL characters, expected plain text", "Export it again as text")
    if len(text) > MAX_CHARACTERS:
        return TextFlaw(
            f"is {len(text):,} characters long, expected one note of at most {MAX_CHARACTERS:,}",
            "Split it into its notes, or leave it out",
        )
    if not _is_unicode(text):
        return TextFlaw("contains half of a surrogate pair", "Decode it as UTF-8 or UTF-16")
    return None


def is_flawed(text: pl.Expr) -> pl.Expr:
    """Return whether `flaw_in` finds a flaw in each text of a column, as booleans [texts].

    A column of text cannot contain half of a surrogate pair: it is valid UTF-8.
    """
    return (
        ~text.str.contains(_NOT_BLANK)
        | text.str.contains("\0", literal=True)
        | (text.str.len_chars() > MAX_CHARACTERS)
    )


def check_text(text: str, name: str | None = None) -> str:
    """Return a text that can be a note; ``name`` is what errors call it.

    Raises
    ------
    NoteError
        If it is empty, contains NUL characters or half of a surrogate pair, or is too long.

    """
    if flaw := flaw_in(text):
        raise NoteError(f"the note {flaw.found}", path=name, remedy=flaw.remedy)
    return text


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
