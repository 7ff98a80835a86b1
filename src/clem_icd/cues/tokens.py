"""A note as words, punctuation marks and line breaks, with their offsets."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["BREAK", "Tokens", "tokens_in"]

BREAK = "\n"

# Every character belongs to exactly one piece, so that the time is linear for any text, blanks included.
_PIECE = re.compile(r"(?:\w+|[^\w\s]|\n)[^\S\n]*|[^\S\n]+")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a text, in order.

    Attributes
    ----------
    text
        The raw text.
    words
        Lower-case words, single punctuation marks, and `BREAK` for a line break [tokens].
    begins, ends
        Half-open offsets into ``text`` [tokens].

    """

    text: str
    words: list[str]
    begins: list[int]
    ends: list[int]

    def __len__(self) -> int:
        return len(self.words)

    def is_attached(self, at: int) -> bool:
        """Return whether a token directly follows the one before it, without a blank."""
        return at > 0 and self.begins[at] == self.ends[at - 1]


def tokens_in(text: str) -> Tokens:
    """Split a text into tokens.

    A word is lower-cased by itself: lower-casing can change its length ("İ"), so that its offsets are those
    of the raw text.
    """
    words: list[str] = []
    begins: list[int] = []
    ends: list[int] = []
    at = 0
    for piece in _PIECE.findall(text):
        word = piece.rstrip()
        if word:
            words.append(word.lower())
            begins.append(at)
            ends.append(at + len(word))
        elif piece[0] == BREAK:
            words.append(BREAK)
            begins.append(at)
            ends.append(at + 1)
        at += len(piece)
    return Tokens(text, words, begins, ends)
