"""Dividing the text of a cell into the codes in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from clem_icd.errors import SourceError
from clem_icd.icd import CodeSystem, default_codebook, is_well_formed
from clem_icd.icd.code import LONGEST
from clem_icd.icd.text import cleaned

# Never part of a code, nor of the name of a code system.
_CERTAIN = re.compile(r"(?:[;|\n\r\t]|:::)+")

# May also stand for the dot of a code: 250,00 and 250 00 are not two codes.
_UNCERTAIN = (re.compile(r","), re.compile(r"\s+"), re.compile(r"[,\s]+"))

_FENCE = "```"
_LANGUAGE = re.compile(r"(?:json|csv|text|txt|plaintext|python)?\s")
_LONGEST_END = 2  # digits after a dot that are no code themselves
_BRACKETS = {"[": "]", "(": ")", "{": "}"}
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")

# What a spreadsheet needs to keep a code as text: ="0066", or an apostrophe before it.
_FORMULA = re.compile(r"=?\"([^\"]*)\"|=?'([^']*)'?")

# FHIR's own way to write a code with its system.
_BETWEEN_TOKENS = re.compile(r"[\s;,]+")
_TOKEN = re.compile(r"(?:https?://|urn:)[^\s|;,]+\|[^\s|;,]+")

IsCode = Callable[[str], bool]
Exists = Callable[[str], bool | None]


def divide(cell: str, is_code: IsCode, exists: Exists) -> Sequence[Any]:
    """Return the codes in a cell, as written; objects, if the cell holds a JSON list of objects.

    Read as codes: a list as JSON, Python, NumPy or PostgreSQL writes it, or text divided by semicolons, bars,
    tabs, line ends or three colons. Commas and blanks divide if every part then is a code, and no two
    neighbours can be one code.

    Parameters
    ----------
    cell
        The text of a cell.
    is_code
        Whether a text has the shape of a code.
    exists
        Whether a text is a code that exists; None if that is not known.

    Raises
    ------
    SourceError
        If a comma or blank in the cell may stand for a dot.

    """
    cell = _without_fence(cell.strip())
    tokens = [token for token in _BETWEEN_TOKENS.split(cell) if token]
    if all(map(_TOKEN.fullmatch, tokens)):
        return tokens
    listed = _listed(cell)
    if listed is not None:
        return listed
    pieces = map(unwrapped, _CERTAIN.split(_without_brackets(cell)))
    return [code for piece in pieces if piece for code in _divide_piece(piece, is_code, exists)]


def looks_like_code(text: str) -> bool:
    """Return whether a text has the shape of a code of any system, and is no word."""
    # Words such as "fever" have the shape of ICD-10-PCS, of which hardly any code has no digit: GZFZZZZ.
    is_word = not any(map(str.isdecimal, text)) and not cleaned(text).upper().endswith("ZZZ")
    return not is_word and any(is_well_formed(text, system) for system in CodeSystem)


def exists_in_any_system(text: str) -> bool:
    """Return whether a text is a code that exists in a system whose codes are listed."""
    return any(
        is_well_formed(text, system) and default_codebook().exists(text, system) for system in CodeSystem
    )


def divider_in(cell: str, is_code: IsCode, exists: Exists) -> str | None:
    """Return what divides the codes in a cell; None if it does not hold several codes."""
    items = divide(cell, is_code, exists)
    if len(items) < 2 or not all(isinstance(item, str) and is_code(item) for item in items):
        return None
    return next((mark for mark in ";|\n\t," if mark in cell), " ")


def _listed(cell: str) -> list[Any] | None:
    """Return the items of a written list with quotation marks or objects; None if it is none."""
    inner = _without_brackets(cell)
    if "{" in inner and inner != cell:
        try:
            value = json.loads(cell)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, list) else None
    # Not by Python's own rules, which join the items of a NumPy array into one: ['I10' 'I48'] has two.
    if _QUOTED.search(inner) is None or _QUOTED.sub("", inner).strip(" \t\r\n,;"):
        return None
    items = [one or other for one, other in _QUOTED.findall(inner)]
    return items if inner != cell or len(items) > 1 else None


def _without_fence(cell: str) -> str:
    if len(cell) <= 2 * len(_FENCE) or not (cell.startswith(_FENCE) and cell.endswith(_FENCE)):
        return cell
    inner = cell.removeprefix(_FENCE).removesuffix(_FENCE)
    language = _LANGUAGE.match(inner)
    return inner[language.end() if language else 0 :].strip()


def _without_brackets(cell: str) -> str:
    if len(cell) > 1 and _BRACKETS.get(cell[0]) == cell[-1]:
        return cell[1:-1]
    return cell


def unwrapped(piece: str) -> str:
    """Return a code without the blanks and commas around it, and without what a spreadsheet keeps it by."""
    piece = piece.strip().strip(",").strip()
    wrapped = _FORMULA.fullmatch(piece)
    return piece if wrapped is None else next(filter(None, wrapped.groups()), "").strip()


def _divide_piece(piece: str, is_code: IsCode, exists: Exists) -> list[str]:
    if is_code(piece):
        return [piece]
    for divider in _UNCERTAIN:
        parts = [part for part in map(unwrapped, divider.split(piece)) if part]
        if len(parts) < 2 or not all(map(is_code, parts)):
            continue
        if any(_may_be_one(*pair, is_code, exists) for pair in pairwise(parts)):
            raise _ambiguous(piece)
        return parts
    parts = [part.strip() for part in piece.split(",")]
    if len(parts) > 2 and any(_is_one(*pair, is_code) for pair in pairwise(parts)):
        raise _ambiguous(piece)
    # Several codes of which one is not: the reader names that one. But 250,00 is one code, with a comma.
    if (
        not is_code(".".join(parts))
        and all(len(part) <= LONGEST for part in parts)
        and any(map(is_code, parts))
    ):
        return [part for part in parts if part]
    return [piece]


def _may_be_one(first: str, second: str, is_code: IsCode, exists: Exists) -> bool:
    """Return whether two codes may be the halves of one, which is not known not to exist."""
    if "." in first or "." in second:
        return False
    wholes = filter(is_code, (f"{first}.{second}", f"{first}{second}"))
    return any(exists(whole) is not False for whole in wholes)


def _is_one(first: str, second: str, is_code: IsCode) -> bool:
    """Return whether the second text cannot be but what follows the dot of the first: 250,00."""
    return second.isdecimal() and len(second) <= _LONGEST_END and is_code(f"{first}.{second}")


def _ambiguous(piece: str) -> SourceError:
    mark = "a comma" if "," in piece else "a blank"
    return SourceError(
        f"has {mark} in its codes that may divide two codes or stand for a dot",
        remedy="Write the dot, or divide codes by semicolons",
    )
