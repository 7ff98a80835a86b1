"""The values of a user's table: ids, texts and evidence. For codes, see `clem_icd.tabular.codes`."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clem_icd.corpus import Evidence
from clem_icd.errors import SourceError
from clem_icd.icd import Code
from clem_icd.texts.flaws import flaw_in

_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+[0-9]+")
_FORMULA = re.compile(r'="([^"]+)"')

# These functions do not know the file and the row; their caller adds both to the errors.


def read_id(value: Any, column: str) -> str | None:
    """Return an id as text; None if it is empty.

    Raises
    ------
    SourceError
        If it is neither text nor an integer, or a number in scientific notation.

    """
    if is_missing(value) or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise SourceError(
            f"column {column!r} contains {type(value).__name__}, expected an id",
            remedy="Write ids as text: with a decimal point, 123 and 123.0 would be two ids"
            if isinstance(value, float)
            else "Write ids as text, and one record per note",
        )
    text = str(value).strip()
    if _SCIENTIFIC.fullmatch(text):
        raise SourceError(
            f"column {column!r} contains a number in scientific notation, which has lost digits of the id",
            remedy="Export the column as text",
        )
    # A spreadsheet keeps an id as text in this way.
    return wrapped[1].strip() if (wrapped := _FORMULA.fullmatch(text)) else text


def read_text(value: Any, column: str) -> str:
    """Return the text of a note, unchanged.

    Raises
    ------
    SourceError
        If it is not text, or cannot be the text of a note.

    """
    if is_missing(value):
        value = ""
    if isinstance(value, bytes):
        raise SourceError(
            f"column {column!r} contains bytes, expected text", remedy="Write the column as text (UTF-8)"
        )
    if not isinstance(value, str):
        raise SourceError(
            f"column {column!r} contains {type(value).__name__}, expected text",
            remedy="Name the column that holds the notes",
        )
    if flaw := flaw_in(value):
        raise SourceError(f"the note {flaw.found}", remedy=flaw.remedy)
    return value


def is_missing(value: Any) -> bool:
    """Return whether a value is missing: null, or NaN as some programs write it."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def read_evidence(
    value: Any, read_code: Callable[[Any], Code], codes: Sequence[Code], characters: int
) -> tuple[Evidence, ...]:
    """Return the evidence of a note.

    Parameters
    ----------
    value
        A list of objects with ``code``, ``begin``, ``end`` and optionally ``system``, or that list as
        json; null or empty for none.
    read_code
        Returns the code of an object.
    codes
        The codes of the note.
    characters
        The length of its text.

    Raises
    ------
    SourceError
        If it is malformed, is outside the text, or supports a code that the note does not have.

    """
    return tuple(dict.fromkeys(_evidence(item, read_code, codes, characters) for item in _list(value)))


def _list(value: Any) -> Sequence[Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.strip() else None
        except (ValueError, RecursionError):
            raise SourceError("has evidence that is not json", remedy=_EVIDENCE) from None
    if value is None:
        return ()
    if not isinstance(value, list):
        raise SourceError(f"has evidence as {type(value).__name__}, expected a list", remedy=_EVIDENCE)
    return value


def _evidence(
    item: Any, read_code: Callable[[Any], Code], codes: Sequence[Code], characters: int
) -> Evidence:
    if not isinstance(item, Mapping) or not all(type(item.get(key)) is int for key in ("begin", "end")):
        raise SourceError("has malformed evidence", remedy=_EVIDENCE)
    span = Evidence(read_code(item), item["begin"], item["end"])
    if not 0 <= span.begin < span.end <= characters:
        raise SourceError(
            f"has evidence at {span.begin}:{span.end} in a text of {characters} characters",
            remedy="Offsets are half-open, in characters of the raw text",
        )
    if span.code not in codes:
        raise SourceError(
            f"has evidence for {span.code} ({span.code.system}), a code that it does not have",
            remedy="Add the code to the note, or drop the evidence",
        )
    return span


_EVIDENCE = 'Write it like [{"code": "E11.9", "begin": 10, "end": 25}]'
