r"""HL7 version 2 messages, and the text in their observations.

A message is a line per segment, divided by ``|``; the fields of OBX segments hold a report, a line or a
paragraph each (HL7 version 2.5.1, chapters 2.5 and 7.4.2). Batches begin with FHS or BHS.
"""

from __future__ import annotations

import base64
import re

from clem_icd.errors import NoteError
from clem_icd.texts import escapes

_START = re.compile(r"[\x0b\s]*(?:FHS|BHS|MSH)\|[^|]{3,5}\||[\x0b\s]*(?:OBX|TXA|PID)\|[0-9]*\|")
_HEADER = re.compile(r"(?:\A|[\r\n])[\x0b\x1c \t]*MSH\|")
_PATIENT = re.compile(r"(?:\A|[\r\n])[\x0b\x1c \t]*PID\|")
_SEGMENT = re.compile(r"(?:\r\n?|\n)(?=[A-Z][A-Z0-9]{2}\|)")
_TEXT = ("TX", "FT", "ST")
_TYPE, _VALUE = 2, 5


def is_message(text: str) -> bool:
    """Return whether a text is an HL7 message, or begins with a segment of one."""
    return _START.match(text) is not None and "|" in text


def is_several(text: str) -> bool:
    """Return whether a text holds several HL7 messages, or those of several patients."""
    return is_message(text) and any(len(one.findall(text)) > 1 for one in (_HEADER, _PATIENT))


def message_text(text: str) -> str | bytes:
    """Return the text of the observations in a message; encoded bytes, if it has a file instead.

    Raises
    ------
    NoteError
        If it has no observations, or some that are not text.

    """
    segments = _SEGMENT.split(text.strip("\x0b\x1c\r\n "))
    fields = [segment.split("|") for segment in segments if segment.startswith("OBX|")]
    types = {one[_TYPE] for one in fields if len(one) > _VALUE}
    if types == {"ED"} and len(fields) == 1:
        return _file(fields[0][_VALUE])
    if not types or types - set(_TEXT):
        found = f"observations of type {', '.join(sorted(map(_type, types)))}" if types else "no observations"
        raise NoteError(
            f"is an HL7 message with {found}, expected only text ({', '.join(_TEXT)})",
            remedy="Extract the text of the note",
        )
    lines = [escapes.hl7(one[_VALUE].replace("~", "\n")) for one in fields if len(one) > _VALUE]
    return re.sub(r"\r\n?", "\n", "\n".join(lines))


def _file(value: str) -> bytes:
    parts = value.split("^")
    try:
        if parts[3].lower() != "base64":
            return escapes.hl7(parts[4]).encode()
        return base64.b64decode("".join(parts[4].split()), validate=True)
    except (IndexError, ValueError):
        raise NoteError(
            "is an HL7 message with a malformed file", remedy="Extract the text of the note"
        ) from None


def _type(name: str) -> str:
    return name if re.fullmatch("[A-Z]{2,3}", name) else "unknown"
