"""What is odd about a plain text, although it can be a note."""

from __future__ import annotations

import re

# The bytes 80 to BF, which end every UTF-8 character, as other encodings read them.
_CONTINUED = bytes(range(0x80, 0xC0))
_IN_LATIN_1 = re.escape(_CONTINUED.decode("latin-1") + _CONTINUED.decode("cp1252", "ignore"))
_IN_MAC_ROMAN = re.escape(_CONTINUED.decode("mac-roman"))

_DECODED_AS_LATIN_1 = re.compile(f"\u00c3[{_IN_LATIN_1}]|\u00c2[\u00a0-\u00bf]|\u00e2\u20ac")
_DECODED_AS_MAC_ROMAN = re.compile(f"\u221a[{_IN_MAC_ROMAN}]|\u201a\u00c4[{_IN_MAC_ROMAN}]")

_LIGATURES = re.compile("[\ufb00-\ufb06]")

_CERNER_END = "ocf_blob"


def remarks_on(text: str) -> tuple[str, ...]:
    """Return what is odd about the characters of a note, as ends of a sentence that begins with the note."""
    remarks = []
    if text[-100:].rstrip().endswith(_CERNER_END):
        remarks.append(f"ends in {_CERNER_END}, the end mark of Cerner's text store")
    if text.isascii():
        return tuple(remarks)
    if "\ufffd" in text:
        remarks.append("has characters that an earlier conversion replaced by \ufffd")
    if _DECODED_AS_LATIN_1.search(text):
        remarks.append("has characters that were decoded twice, such as \u00c3\u00a9 for \u00e9")
    if _DECODED_AS_MAC_ROMAN.search(text):
        remarks.append("has characters that were decoded as Mac Roman, such as \u221a\u00a9 for \u00e9")
    if _LIGATURES.search(text):
        remarks.append("has ligatures such as \ufb01, as texts extracted from PDF documents do")
    return tuple(remarks)
