"""Characters that would change how the text around them is shown, made visible."""

from __future__ import annotations

import unicodedata

__all__ = ["joins", "visible"]

_PICTURES = 0x2400  # ␀, the first of the pictures of control characters
_DELETE = 0x7F
_STAND_IN = "\N{WHITE SQUARE}"
_KEPT = "\t\n"
# Marks and overrides of the writing direction: they can reorder what a reader sees.
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def visible(text: str) -> str:
    """Return a text of the same length without characters that control a terminal or the writing direction.

    Control characters become their pictures (␛), and others a square. Tabs and newlines stay; a carriage
    return before a newline becomes a blank.
    """
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(map(_shown, text.replace("\r\n", " \n")))


def joins(text: str, at: int) -> bool:
    """Return whether a character belongs to the one before it: an accent, or a part of an emoji."""
    if not 0 < at < len(text):
        return False
    return (
        unicodedata.category(text[at]).startswith("M")
        or _JOINER in (text[at], text[at - 1])
        or ord(text[at]) in _SKIN_TONES
    )


def _shown(character: str) -> str:
    number = ord(character)
    if number < ord(" ") and character not in _KEPT:
        return chr(_PICTURES + number)
    if number == _DELETE:
        return "\N{SYMBOL FOR DELETE}"
    if (unicodedata.category(character) == "Cc" and character not in _KEPT) or character in _DIRECTIONS:
        return _STAND_IN
    return character
