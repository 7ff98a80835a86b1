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
_TYPE, _VALUE, _STATUS, _LAST = 2, 5, 11, 25
_COMMENT, _COMMENT_TYPE = 3, 4

# Those of version 2, beside the segments of a site (Z..); text in any other would be lost.
_SEGMENTS = {
    "FHS", "BHS", "MSH", "SFT", "EVN", "PID", "PD1", "NK1", "PV1", "PV2", "ROL", "AL1", "DG1", "PR1", "GT1",
    "IN1", "IN2", "IN3", "ORC", "OBR", "TQ1", "TQ2", "SPM", "CON", "TXA", "OBX", "NTE", "CTI", "CTD", "FT1",
    "PRT", "ARV", "DB1", "UB1", "UB2", "ACC", "DRG", "IAM", "MRG", "DSC", "BTS", "FTS",
}  # fmt: skip
# What follows the text of an observation has no words of it, unless the text has a bar that is not escaped.
_AFTER = {
    6: "",
    7: "",
    8: r"[A-Z<>~]{0,9}",
    9: r"[\d.]*",
    10: r"[A-Z~]{0,5}",
    _STATUS: r"[A-Z]?",
    12: r"[\d.+-]*",
    13: r"\S*",
    14: r"[\d.+-]*",
}
_WITHDRAWN = {"D": "deleted", "W": "wrong"}
_REMEDY = "Extract the text of the note"


def is_message(text: str) -> bool:
    """Return whether a text is an HL7 message, or begins with a segment of one."""
    return _START.match(text) is not None and "|" in text


def is_several(text: str) -> bool:
    """Return whether a text holds several HL7 messages, or those of several patients."""
    return is_message(text) and any(len(one.findall(text)) > 1 for one in (_HEADER, _PATIENT))


def message_text(text: str) -> str | bytes:
    """Return the text of the observations in a message, and of the comments among them; or the file in it.

    Raises
    ------
    NoteError
        If it has no observations, some that are not text or were withdrawn, or text outside their fields.

    """
    segments = [one.strip("\x0b\x1c\r\n ") for one in _SEGMENT.split(text)]
    fields = [_fields(segment) for segment in segments]
    observations = [one for one in fields if one[0] == "OBX"]
    comments = [one for one in fields if one[0] == "NTE" and "".join(one[_COMMENT:])]
    types = {one[_TYPE] for one in observations if len(one) > _TYPE and "".join(one[_TYPE:])}
    if types == {"ED"} and len(observations) == 1 and not comments:
        return _file(observations[0][_VALUE] if len(observations[0]) > _VALUE else "")
    if not types or types - set(_TEXT):
        found = f"observations of type {', '.join(sorted(map(_type, types)))}" if types else "no observations"
        raise NoteError(
            f"is an HL7 message with {found}, expected only text ({', '.join(_TEXT)})", remedy=_REMEDY
        )
    texts = [
        _comment(one) if one[0] == "NTE" else _observation(one) for one in fields if one[0] in ("OBX", "NTE")
    ]
    lines = [escapes.hl7(one.replace("~", "\n")) for one in texts if one is not None]
    return re.sub(r"\r\n?", "\n", "\n".join(lines))


def _fields(segment: str) -> list[str]:
    """Return the fields of a segment, of which none may be cut off."""
    first, *rest = re.split(r"[\r\n]+", segment, maxsplit=1)
    name = first[:3]
    if name not in _SEGMENTS and not name.startswith("Z"):
        raise NoteError("is an HL7 message with a segment that HL7 does not define", remedy=_REMEDY)
    if rest and ("|" in rest[0] or name not in ("OBX", "NTE")):
        raise NoteError(
            "is an HL7 message with line ends that are not escaped in its segments", remedy=_REMEDY
        )
    return segment.split("|")


def _observation(fields: list[str]) -> str | None:
    """Return the text of an observation; None if it has none."""
    status = fields[_STATUS] if len(fields) > _STATUS else ""
    if status in _WITHDRAWN:
        raise NoteError(
            f"is an HL7 message with an observation of status {status} ({_WITHDRAWN[status]})",
            remedy="Extract the text that is valid",
        )
    fits = all(re.fullmatch(one, fields[place]) for place, one in _AFTER.items() if len(fields) > place)
    if not fits or "".join(fields[_LAST + 1 :]):
        raise _not_escaped()
    return fields[_VALUE] if len(fields) > _VALUE else None


def _comment(fields: list[str]) -> str | None:
    """Return the text of a comment; None if it has none."""
    kind = fields[_COMMENT_TYPE] if len(fields) > _COMMENT_TYPE else ""
    if re.fullmatch(r"(?:[A-Z0-9]{1,4}(?:\^[^|]*)?)?", kind) is None or "".join(fields[_COMMENT_TYPE + 1 :]):
        raise _not_escaped()
    return fields[_COMMENT] if len(fields) > _COMMENT else None


def _not_escaped() -> NoteError:
    return NoteError(
        "is an HL7 message with fields beside its text, such as units, or with a bar that is not escaped",
        remedy=_REMEDY,
    )


def _file(value: str) -> bytes:
    parts = value.split("^")
    try:
        if parts[3].lower() != "base64":
            return escapes.hl7(parts[4]).encode()
        return base64.b64decode("".join(parts[4].split()), validate=True)
    except (IndexError, ValueError):
        raise NoteError("is an HL7 message with a malformed file", remedy=_REMEDY) from None


def _type(name: str) -> str:
    return name if re.fullmatch("[A-Z]{2,3}", name) else "unknown"
