"""Escaped characters that other systems leave in a text: Excel's, HL7's, XML's and those of programs."""

from __future__ import annotations

import html
import re
from html.entities import html5
from itertools import islice

# A control character, or an underscore that itself would begin an escape.
_EXCEL_MARK = re.compile(r"_x00(?:0[9ADad]|1[0-9A-Fa-f]|5[Ff]_x[0-9A-Fa-f]{4})_")
_EXCEL = re.compile(r"_x000[Dd]_(?:_x000[Aa]_|\r?\n|\r)?|_x([0-9A-Fa-f]{4})_")

# HL7 version 2.5, chapter 2.7: formatting, delimiters, and characters in hexadecimal.
# Some systems write a character as two bytes.
_HL7_LINE = re.compile(r"\\(?:\.br|\.sp\+?\d*|X(?:00)?0D(?:(?:00)?0A)?|X(?:00)?0A)\\", re.IGNORECASE)
_HL7_CRLF = re.compile(r"\\X(?:00)?0D\\\\X(?:00)?0A\\", re.IGNORECASE)
_HL7 = re.compile(
    r"\\(\.br|\.sp\+?\d*|\.ce|\.fi|\.nf|\.(?:in|ti|sk)[+-]?\d+|[FSTREHN]|X(?:[0-9A-F]{2})+)\\", re.I
)
_HL7_CHARACTERS = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\", "H": "", "N": ""}

_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]{1,6}|#x[0-9a-fA-F]{1,5});")
# Those that an export escapes. Others, such as &#146;, also occur in published texts, one here and there.
_EXPORTED = re.compile(
    r"&(?:amp|lt|gt|quot|nbsp|#0*(?:9|1[03]|38|6[02]|160)|#x0*(?:9|[AaDd]|26|3[CcEe]|[Aa]0));"
)

# An escape is followed by a blank, a capital, a digit, a sign or another escape: words in lower case and
# folders begin like escapes, too (at \noon, notes\new).
_FOLLOWED = r"(?=[^a-z\\\W]|[\s\-*•·#(\[<>+_]|\\[nrt]|\Z)(?![a-zß-öø-ÿ])"
_LINE_END = re.compile(rf"(?:\\r)?\\n{_FOLLOWED}")
_TAB = re.compile(rf"\\t{_FOLLOWED}")
# One at the end of a word alone may be a folder; after a sentence, or as a pair, it is an escape.
_CERTAIN = re.compile(rf"(?:\\r\\n|(?:(?<![^\s.,:;!?)\]%\"'*\-])|(?<=\\[nrt]))\\n){_FOLLOWED}")
# C:\new\notes, \\server\new\notes, and ..\notes\new.
_PATH = re.compile(r"\b[A-Za-z]:\\|(?:^|[\s\"'(])(?:\\\\\w|\.{1,2}\\)")


def has_excel(text: str) -> bool:
    """Return whether a text has control characters as Excel writes them in XML, such as ``_x000D_``."""
    return "_x00" in text and _EXCEL_MARK.search(text) is not None


def excel(text: str) -> str:
    """Undo Excel's escapes, once, from left to right; a carriage return becomes a line end."""
    return _EXCEL.sub(_excel_character, text)


def has_hl7(text: str) -> bool:
    r"""Return whether a text has line ends as HL7 version 2 writes them: ``\.br\``."""
    return "\\" in text and _HL7_LINE.search(text) is not None


def hl7(text: str) -> str:
    """Undo HL7's escapes, once."""
    return _HL7.sub(_hl7_character, _HL7_CRLF.sub("\n", text))


def has_entities(text: str) -> bool:
    """Return whether a text has characters as XML and HTML write them, such as ``&lt;``."""
    return "&" in text and _EXPORTED.search(text) is not None


def entities(text: str) -> str:
    """Undo the escapes of XML."""
    return re.sub(r"\r\n?", "\n", _ENTITY.sub(lambda match: _character(match[0]), text))


def has_line_ends(text: str) -> bool:
    r"""Return whether a text has ``\n`` as two characters instead of line ends."""
    return (
        "\\n" in text
        and "\n" not in text.strip()
        and sum(1 for _ in islice(_CERTAIN.finditer(text), 2)) == 2
        and _PATH.search(text) is None
    )


def line_ends(text: str) -> str:
    """Turn escaped line ends and tabs into characters."""
    return _TAB.sub("\t", _LINE_END.sub("\n", text))


def _excel_character(escape: re.Match[str]) -> str:
    number = int(escape[1] or "a", 16)
    return escape[0] if 0xD800 <= number < 0xE000 else chr(number)


def _hl7_character(match: re.Match[str]) -> str:
    escape = match[1].upper()
    if escape.startswith("."):
        return "\n"
    if escape in _HL7_CHARACTERS:
        return _HL7_CHARACTERS[escape]
    characters = _hl7_characters(bytes.fromhex(escape[1:]))
    return characters.replace("\r\n", "\n").replace("\r", "\n")


def _hl7_characters(content: bytes) -> str:
    # The standard leaves the encoding to the systems.
    wide = len(content) % 2 == 0 and not any(content[::2])
    try:
        return content.decode("utf-16-be" if wide else "utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _character(entity: str) -> str:
    # Its meaning in a note is a blank, and a no-break one would be a trap for everything that follows.
    if entity == "&nbsp;":
        return " "
    return html.unescape(entity) if entity[1] == "#" else html5.get(entity[1:], entity)
