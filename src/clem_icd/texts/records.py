"""Texts that are records, not one note: tables, JSON, SQL, and several reports in a row."""

from __future__ import annotations

import csv
import io
import json
import re
from itertools import islice
from typing import Any

from clem_icd.texts.flaws import MAX_CHARACTERS

_ROWS = 50
_LONGEST_HEADER = 2000  # characters

_IDS = {
    "id", "noteid", "rowid", "docid", "documentid", "reportid", "hadmid", "subjectid", "patientid", "mrn",
    "encounterid", "visitid", "admissionid", "icdcode", "icd9code", "icd10code", "text", "notetext",
    "reporttext", "note", "report",
}  # fmt: skip
_OTHERS = {
    "patient", "subject", "codes", "code", "icd", "icd9", "icd10", "icdcodes", "icdversion", "seqnum",
    "longtitle", "shorttitle", "score", "label", "labels", "dx", "diagnosis", "diagnoses", "category",
    "description", "chartdate",
    "date", "notetype", "title", "content",
}  # fmt: skip

_SQL = re.compile(
    r"\s*(?:--[^\n]*\n\s*|SET [^\n]*\n\s*)*"
    r"(?:INSERT\s+INTO\s+[\w.\"`\[\]]+\s*(?:\([^()]*\)\s*)?(?:VALUES|SELECT)\b"
    r"|CREATE\s+TABLE\s+(?:IF NOT EXISTS\s+)?[\w.\"`\[\]]+\s*\("
    r"|COPY\s+[\w.\"]+\s*(?:\([^()]*\)\s*)?FROM stdin)",
    re.I,
)

# Marks of published collections: i2b2 2008 to 2010, and the De-ID software.
_REPORT_END = re.compile(r"^\[report_end\]\s*$|^E_O_R\s*$|^\[Report de-identified .*\]", re.MULTILINE)


def is_table(text: str) -> bool:
    """Return whether a text is a table with a header that names ids or texts."""
    first = text.lstrip()[:_LONGEST_HEADER].splitlines()[:1]
    return any(mark in name and _is_table(text, mark) for name in first for mark in ",\t;|")


def is_json_text(text: str) -> bool:
    """Return whether a text is a JSON string with escaped characters."""
    body = text.strip()
    return len(body) > 2 and body[0] == body[-1] == '"' and "\\" in body and isinstance(_json(body), str)


def json_text(text: str) -> str:
    """Return the text of a JSON string."""
    return str(json.loads(text.strip()))


def is_fhir(text: str) -> bool:
    """Return whether a text is a FHIR resource as JSON."""
    value = _json(text) if '"resourceType"' in text else None
    return isinstance(value, dict) and "resourceType" in value


def is_json(text: str) -> bool:
    """Return whether a text is a JSON object, or an array of objects or texts."""
    value = _json(text) if text.lstrip()[:1] in ("{", "[") else None
    if isinstance(value, list):
        return any(isinstance(one, dict | list | str) for one in value)
    return isinstance(value, dict)


def is_json_lines(text: str) -> bool:
    """Return whether every line of a text is a JSON object."""
    if text.lstrip()[:1] != "{":
        return False
    lines = [line for line in islice(text.splitlines(), _ROWS) if line.strip()]
    return len(lines) > 1 and all(isinstance(_json(line), dict) for line in lines)


def is_sql(text: str) -> bool:
    """Return whether a text is an SQL dump."""
    return _SQL.match(text[:5000]) is not None


def is_several(text: str) -> bool:
    """Return whether a text holds several reports, each with the mark of its end."""
    return ("[" in text or "E_O_R" in text) and len(_REPORT_END.findall(text)) > 1


def _is_table(text: str, delimiter: str) -> bool:
    # The csv module has one limit for the whole process; the default is 131,072 characters.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CHARACTERS))
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = [row for row in islice(lines, _ROWS) if row]
    except csv.Error:
        return False
    if len(rows) < 2 or len({len(row) for row in rows}) > 1:
        return False
    names = ["".join(character for character in name.casefold() if character.isalnum()) for name in rows[0]]
    known = sum(name in _IDS | _OTHERS for name in names)
    return len(set(names)) == len(names) and any(name in _IDS for name in names) and known >= 2


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
