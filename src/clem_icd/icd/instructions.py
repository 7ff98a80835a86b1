"""The instructions of the ICD-10-CM tabular list: Excludes1, code first, and use additional code.

Source: ICD-10-CM Official Guidelines, I.A.12.a (Excludes1: "not coded here", two conditions that cannot occur
together) and I.A.13 (code first, use additional code). The notes are texts; the codes in their parentheses
are read, and a condition on the characters of a code ("E08-E13 with .44") is not.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from clem_icd.icd.code import undot
from clem_icd.icd.tabular import (
    in_tabular,
    is_category_or_below,
    tabular_above,
    tabular_code_first,
    tabular_excludes1,
    tabular_use_additional,
)

__all__ = ["Instruction", "Instructions", "instructions_for"]

_CODE = r"[A-Z][0-9][0-9A-Z](?:\.[0-9A-Z]{1,4})?\.?-?"
_PARENTHESES = re.compile(r"\(([^()]*)\)")
_RANGE = re.compile(rf"(?P<first>{_CODE}?)(?:\s*-\s*(?P<last>{_CODE}))?")
_SEPARATOR = re.compile(r"\s*(?:,|;|\band\b|\bor\b)\s*")
_KEPT = 4_096


@dataclass(frozen=True, slots=True)
class Instruction:
    """A note of the tabular list.

    Attributes
    ----------
    at
        The code, block or chapter where it stands.
    text
        What it says.
    ranges
        The codes that it names: the first and the last of each range, without dots.

    """

    at: str
    text: str
    ranges: tuple[tuple[str, str], ...]

    def names(self, code: str) -> bool:
        """Return whether the note names a code, itself or by a code above it."""
        value = undot(code)
        return any(first <= value[: len(first)] and value[: len(last)] <= last for first, last in self.ranges)


@dataclass(frozen=True, slots=True)
class Instructions:
    """The notes for a code: its own, and those of what is above it.

    Attributes
    ----------
    excludes1
        What is never coded together with it.
    code_first
        What comes before it.
    use_additional
        What is coded as well.

    """

    excludes1: tuple[Instruction, ...] = ()
    code_first: tuple[Instruction, ...] = ()
    use_additional: tuple[Instruction, ...] = ()


@functools.lru_cache(maxsize=_KEPT)
def instructions_for(code: str) -> Instructions:
    """Return the notes for a dotted ICD-10-CM code; none for a code that the tabular list does not have."""
    if not in_tabular(code):
        return Instructions()
    places = (code, *tabular_above(code))
    # What a block or a chapter asks for in addition is general: the organism, tobacco use.
    own = [place for place in places if is_category_or_below(place)]
    return Instructions(
        tuple(_note(place, text) for place in places for text in tabular_excludes1(place)),
        tuple(_notes(own, tabular_code_first)),
        tuple(_notes(own, tabular_use_additional)),
    )


def _notes(places: Iterable[str], read: Callable[[str], str]) -> Iterator[Instruction]:
    return (_note(place, text) for place in places if (text := read(place)))


def _note(place: str, text: str) -> Instruction:
    inside = (part for parentheses in _PARENTHESES.findall(text) for part in _SEPARATOR.split(parentheses))
    ranges = (found for part in inside if (found := _range(part)) is not None)
    return Instruction(place, "; ".join(" ".join(line.split()) for line in text.splitlines()), tuple(ranges))


def _range(text: str) -> tuple[str, str] | None:
    found = _RANGE.fullmatch(text.strip())
    if found is None:
        return None
    first = _bare(found["first"])
    return first, _bare(found["last"]) if found["last"] else first


def _bare(code: str) -> str:
    return undot(code).rstrip("-")
