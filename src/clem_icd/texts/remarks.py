"""What is odd about a plain text, although it can be a note."""

from __future__ import annotations

import re

# What the bytes 80 to BF, which end every UTF-8 character, become in Latin-1 and in cp1252.
_CONTINUED = "\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d"
_CONTINUED += "\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178"
_DECODED_TWICE = re.compile(f"\u00c3[{_CONTINUED}]|\u00c2[\u00a0-\u00bf]|\u00e2\u20ac")


def remarks_on(text: str) -> tuple[str, ...]:
    """Return what is odd about the characters of a note, as ends of a sentence that begins with the note."""
    if text.isascii():
        return ()
    remarks = []
    if "\ufffd" in text:
        remarks.append("has characters that an earlier conversion replaced by \ufffd")
    if _DECODED_TWICE.search(text):
        remarks.append("has characters that were decoded twice, such as \u00c3\u00a9 for \u00e9")
    return tuple(remarks)
