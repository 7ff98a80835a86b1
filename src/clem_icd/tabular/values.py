"""The values of a user's table: ids, texts, codes, code systems and evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from clem_icd.corpus import Evidence
from clem_icd.corpus.text import flaw_in
from clem_icd.errors import CodeError, SourceError
from clem_icd.icd import Code, CodeSystem

# These functions do not know the file and the row; their caller adds both to the errors.


def read_id(value: Any, column: str) -> str | None:
    """Return an id as text; None if it is empty.

    Raises
    ------
    SourceError
        If it is neither text nor an integer.

    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise SourceError(
            f"column {column!r} contains {type(value).__name__}, expected an id",
            remedy="Write ids as text: with a decimal point, 123 and 123.0 would be two ids",
        )
    return str(value).strip()


def read_text(value: Any, column: str) -> str:
    """Return the text of a note, unchanged.

    Raises
    ------
    SourceError
        If it is not text, or cannot be the text of a note.

    """
    if value is not None and not isinstance(value, str):
        raise SourceError(
            f"column {column!r} contains {type(value).__name__}, expected text",
            remedy="Name the column that holds the notes",
        )
    if flaw := flaw_in(value or ""):
        raise SourceError(f"the note {flaw.found}", remedy=flaw.remedy)
    return value or ""


def read_codes(value: Any, system: CodeSystem | None, delimiter: str) -> tuple[Code, ...]:
    """Return the codes of a note in order, each once.

    Parameters
    ----------
    value
        A list of codes, or a text with a delimiter between codes; null or empty for none. A code is text
        (``icd10cm:E11.9`` to name its system), or an object with ``code`` and ``system``.
    system
        The system of codes that do not name their own.
    delimiter
        Separates the codes in a text.

    Raises
    ------
    SourceError
        If a code is not text, has no system, or does not have the shape of its system.

    """
    if value is None:
        return ()
    if isinstance(value, str):
        value = [item for item in value.split(delimiter) if item.strip()]
    if not isinstance(value, Sequence):
        raise SourceError(
            f"has codes as {type(value).__name__}, expected a list or text",
            remedy="Write a list of codes, or one text with a delimiter between them",
        )
    return tuple(dict.fromkeys(_code(item, system) for item in value))


def read_evidence(
    value: Any, system: CodeSystem | None, codes: Sequence[Code], characters: int
) -> tuple[Evidence, ...]:
    """Return the evidence of a note.

    Parameters
    ----------
    value
        A list of objects with ``code``, ``begin``, ``end`` and optionally ``system``, or that list as
        json; null or empty for none.
    system
        The system of codes that do not name their own.
    codes
        The codes of the note.
    characters
        The length of its text.

    Raises
    ------
    SourceError
        If it is malformed, is outside the text, or supports a code that the note does not have.

    """
    return tuple(dict.fromkeys(_evidence(item, system, codes, characters) for item in _list(value)))


def read_system(value: Any) -> CodeSystem:
    """Return a code system by its name.

    Raises
    ------
    SourceError
        If no code system has that name.

    """
    try:
        return CodeSystem.parse(str(value))
    except CodeError as problem:
        raise SourceError(problem.found, remedy=problem.remedy) from None


def _code(item: Any, system: CodeSystem | None) -> Code:
    if isinstance(item, Mapping):
        named = item.get("system")
        return _code(item.get("code"), system if named is None else read_system(named))
    if not isinstance(item, str):
        raise SourceError(
            f"has a code as {type(item).__name__}, expected text",
            remedy="Write codes as text: as a number, 0066 would become 66",
        )
    prefix, colon, rest = item.partition(":")
    if colon:
        item, system = rest, read_system(prefix)
    if system is None:
        raise SourceError(
            "has a code without a system", remedy="Name the code system, or write codes like icd10cm:E11.9"
        )
    try:
        return Code.parse(item, system)
    except CodeError as problem:
        raise SourceError(problem.found, remedy=problem.remedy) from None


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


def _evidence(item: Any, system: CodeSystem | None, codes: Sequence[Code], characters: int) -> Evidence:
    if not isinstance(item, Mapping) or not all(type(item.get(key)) is int for key in ("begin", "end")):
        raise SourceError("has malformed evidence", remedy=_EVIDENCE)
    span = Evidence(_code(item, system), item["begin"], item["end"])
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
