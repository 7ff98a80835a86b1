"""What the values of a user's table mean: ids, texts, codes, evidence and splits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from clem_icd.corpus import MAX_CHARACTERS, Evidence
from clem_icd.errors import CodeError, SourceError
from clem_icd.icd import Code, CodeSystem

# These functions raise without a place; whoever knows the file and the row adds them (`table`).


def read_id(value: Any, column: str) -> str | None:
    """Return an id as text, or None where there is none.

    Raises
    ------
    SourceError
        If it is neither text nor an integer.

    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise SourceError(
            f"has a {type(value).__name__} in the column {column!r}, expected an id",
            remedy="Write ids as text: as a number with a decimal point, 123 and 123.0 are two",
        )
    return str(value).strip()


def read_text(value: Any, column: str) -> str:
    """Return the text of a note, as it is.

    Raises
    ------
    SourceError
        If it is no text, empty, or longer than 1,000,000 characters.

    """
    if value is not None and not isinstance(value, str):
        raise SourceError(f"has a {type(value).__name__} in the column {column!r}, expected text")
    if value is None or not value.strip():
        raise SourceError("has an empty note", remedy="Leave it out, or add its text")
    if len(value) > MAX_CHARACTERS:
        raise SourceError(
            f"has a note of {len(value):,} characters, expected at most {MAX_CHARACTERS:,}",
            remedy="That is hardly one note: divide it, or leave it out",
        )
    return value


def read_codes(value: Any, system: CodeSystem | None, delimiter: str) -> tuple[Code, ...]:
    """Return the codes of a note, each once, in their order.

    Parameters
    ----------
    value
        A list of codes, or a text of codes with delimiters between them; null or empty for none. A
        code is a text, ``icd10cm:E11.9`` if it names its system, or an object with ``code`` and
        ``system``.
    system
        The system of codes that do not name their own.
    delimiter
        Between the codes of a text.

    Raises
    ------
    SourceError
        If a code is no text, has no system, or not the shape of its system.

    """
    if value is None:
        return ()
    if isinstance(value, str):
        value = [item for item in value.split(delimiter) if item.strip()]
    if not isinstance(value, Sequence):
        raise SourceError(f"has codes in a {type(value).__name__}, expected a list or a text")
    return tuple(dict.fromkeys(_code(item, system) for item in value))


def read_evidence(
    value: Any, system: CodeSystem | None, codes: Sequence[Code], characters: int
) -> tuple[Evidence, ...]:
    """Return the evidence of a note.

    Parameters
    ----------
    value
        A list of objects with ``code``, ``begin``, ``end`` and perhaps ``system``, or that list as
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
        If it is malformed, lies outside the text, or is for a code that the note does not have.

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
            f"has a code that is a {type(item).__name__}, expected text",
            remedy="Write codes as text: as a number, 0066 would be 66",
        )
    prefix, colon, rest = item.partition(":")
    if colon:
        item, system = rest, read_system(prefix)
    if system is None:
        raise SourceError(
            "has a code of no system", remedy="Name the code system, or write codes like icd10cm:E11.9"
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
            raise SourceError("has evidence that is no json", remedy=_EVIDENCE) from None
    if value is None:
        return ()
    if not isinstance(value, list):
        raise SourceError(f"has evidence in a {type(value).__name__}, expected a list", remedy=_EVIDENCE)
    return value


def _evidence(item: Any, system: CodeSystem | None, codes: Sequence[Code], characters: int) -> Evidence:
    if not isinstance(item, Mapping) or not all(type(item.get(key)) is int for key in ("begin", "end")):
        raise SourceError("has malformed evidence", remedy=_EVIDENCE)
    span = Evidence(_code(item, system), item["begin"], item["end"])
    if not 0 <= span.begin < span.end <= characters:
        raise SourceError(
            f"has evidence at {span.begin}:{span.end}, in a text of {characters} characters",
            remedy="Offsets are half-open, in characters of the raw text",
        )
    if span.code not in codes:
        raise SourceError(
            f"has evidence for {span.code} ({span.code.system}), a code that it does not have",
            remedy="Add the code to the note, or drop the evidence",
        )
    return span


_EVIDENCE = 'Write it like [{"code": "E11.9", "begin": 10, "end": 25}]'
