"""Finding a code by the beginning of its code, or of the words of its title or of an inclusion term."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from clem_icd.icd.code import Code, undot
from clem_icd.icd.hierarchy import parent
from clem_icd.icd.names import Names, names_of, words_in
from clem_icd.icd.packaged import packaged_titles
from clem_icd.icd.systems import CodeSystem
from clem_icd.icd.terms import is_billable

__all__ = ["SEARCHED_SYSTEMS", "Found", "find_codes", "relatives_of"]

SEARCHED_SYSTEMS = (CodeSystem.ICD10CM, CodeSystem.ICD10PCS, CodeSystem.ICD9CM, CodeSystem.ICD9PCS)
"""The systems that are searched if none is named, in this order among equals."""

_MOST = 20
_MOST_RELATIVES = 60
_MOST_WORDS = 12
_LEAST_CHARACTERS = 2
_CODE = re.compile(r"[A-Za-z0-9]{1,4}\.?[A-Za-z0-9]{0,6}")


@dataclass(frozen=True, slots=True)
class Found:
    """A code that was found.

    Attributes
    ----------
    code, title, billable
        The code; categories above other codes cannot be billed.
    matched
        The title or the inclusion term that has the words; the title if the code itself was typed.

    """

    code: Code
    title: str
    billable: bool
    matched: str


def find_codes(text: str, system: CodeSystem | None = None, *, most: int = _MOST) -> list[Found]:
    """Return codes for what was typed so far, the likeliest first.

    Codes that begin as typed come first. Then come names in which each typed word begins a word: those with
    the words themselves, those that begin with the first one, short ones (not counting what stands in
    parentheses), titles before inclusion terms, and codes that may be billed.

    Parameters
    ----------
    text
        The beginning of a code, with or without its dot, or words; shorter than two characters finds nothing.
    system
        The code system; None for all of `SEARCHED_SYSTEMS`.
    most
        The most codes to return.

    """
    typed = " ".join(text.split())
    if len(typed) < _LEAST_CHARACTERS:
        return []
    systems = SEARCHED_SYSTEMS if system is None else (system,) if system in SEARCHED_SYSTEMS else ()
    coded = [one for own in systems for one in _by_code(typed, own, most)]
    ranked = [row for place, own in enumerate(systems) for row in _by_words(typed, own, place, most)]
    found = dict.fromkeys(one.code for one in coded)
    rest = [one for *_, one in sorted(ranked, key=lambda row: row[:2]) if one.code not in found]
    return (coded + rest)[:most]


def relatives_of(code: Code) -> dict[str, list[Found]]:
    """Return the parent, the siblings, and the codes below a code that may be billed, at most 60 of each."""
    titles = packaged_titles(code.system)
    above = parent(code.value, code.system)
    beside = () if above is None else _below(above, code.system)
    listed: dict[str, Iterable[str]] = {
        "parent": [above] if above is not None and above in titles else [],
        "siblings": (one for one in beside if one != code.value and parent(one, code.system) == above),
        "more_specific": (one for one in _below(code.value, code.system) if is_billable(one, code.system)),
    }
    return {name: _first(codes, code.system) for name, codes in listed.items()}


def _first(codes: Iterable[str], system: CodeSystem) -> list[Found]:
    titles = packaged_titles(system)
    return [
        Found(Code(one, system), titles[one], is_billable(one, system) is not False, titles[one])
        for one in islice(codes, _MOST_RELATIVES)
    ]


def _below(code: str, system: CodeSystem) -> Iterator[str]:
    names = names_of(system)
    return (names.codes[at] for at in names.coded(undot(code)) if names.codes[at] != code)


def _by_code(typed: str, system: CodeSystem, most: int) -> list[Found]:
    if not _CODE.fullmatch(typed) or not any(character.isdigit() for character in typed):
        return []
    names = names_of(system)
    titles = packaged_titles(system)
    return [
        Found(Code(code, system), titles[code], bool(names.billable[at]), titles[code])
        for at in names.coded(undot(typed).upper())[:most]
        for code in (names.codes[at],)
    ]


def _by_words(typed: str, system: CodeSystem, place: int, most: int) -> list[tuple[int, int, Found]]:
    words = words_in(typed)[:_MOST_WORDS]
    if not words:
        return []
    names = names_of(system)
    held, costs = names.holding(words), _costs(names, words)
    # Several names may be of one code.
    enough = min(len(held), 4 * most)
    best = held[np.argpartition(costs[held], enough - 1)[:enough]] if enough else held
    titles = packaged_titles(system)
    rows: dict[int, tuple[int, int, Found]] = {}
    for name in best[np.lexsort((best, costs[best]))].tolist():
        at = int(names.owners[name])
        code = names.codes[at]
        found = Found(Code(code, system), titles[code], bool(names.billable[at]), names.texts[name])
        rows.setdefault(at, (int(costs[name]), place, found))
    return list(rows.values())


def _costs(names: Names, words: Sequence[str]) -> NDArray[np.int64]:
    """Return how far each name is from what was typed [names]."""
    costs = np.full(len(names.texts), 1_000 * len(words), dtype=np.int64)
    for word in dict.fromkeys(words):
        costs[names.with_word(word)] -= 1_000
    # What is being typed is probably a word that many names have.
    for word in names.completed(words[-1]):
        costs[names.with_word(word)] -= 5
    costs[names.beginning_with(words[0])] -= 15
    costs += 10 * np.minimum(names.sizes, 50)
    costs += np.where(names.is_title, 0, 2)
    costs += np.where(names.billable[names.owners], 0, 5)
    return costs
