"""The text of a code, without what cannot be seen in it."""

from __future__ import annotations

import unicodedata

__all__ = ["cleaned"]


def cleaned(text: str) -> str:
    """Return the text of a code without what cannot be seen.

    Invisible characters (Unicode category Cf: zero-width space and joiner, byte order mark, soft hyphen,
    marks of writing direction) are removed anywhere, and Unicode blanks at both ends.
    """
    if not text.isascii():
        text = "".join(character for character in text if unicodedata.category(character) != "Cf")
    return text.strip()
