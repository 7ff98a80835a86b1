"""Codes as a file writes them, found among the labels of a corpus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from clem_icd.errors import ScoresError
from clem_icd.icd import Code, CodeSystem, undot
from clem_icd.icd.systems import shown
from clem_icd.scores.imports.foreign import ForeignCode, IntArray
from clem_icd.scores.imports.tables import LONGEST_NAME

_ZEROS = "Some read like codes that became numbers and lost their zeros: write codes as text"

# Which labels a code may be, by their positions.
Find = Callable[[ForeignCode], list[int]]


@dataclass(frozen=True, slots=True)
class CodeMatch:
    """Where the codes of a file are among the labels of a corpus.

    Attributes
    ----------
    labels
        The label of every code, -1 where there is none [codes].
    unknown
        The codes that are no labels.

    """

    labels: IntArray
    unknown: tuple[ForeignCode, ...]


class LabelFinder:
    """Finds the labels that a code may be.

    A code is the label of the same characters; else, if it has no dot inside, that of the same characters
    without dots. So codes are found that are written without dots, and ``I10.``, as Edin et al. (2023)
    write ``I10``. In a file without dots the second rule alone holds for a code without one: ``486`` may
    be a pneumonia, or the procedure ``48.6``.
    """

    def __init__(self, labels: Sequence[Code], *, dotted: bool) -> None:
        self._labels = labels
        self._dotted = dotted
        self._exact = {label.value: position for position, label in enumerate(labels)}
        self._plain: dict[str, list[int]] = defaultdict(list)
        for position, label in enumerate(labels):
            self._plain[undot(label.value)].append(position)

    def find(self, code: ForeignCode) -> list[int]:
        """Return the positions of the labels."""
        text = code.text.upper()
        has_dot = "." in text.removesuffix(".")
        exact = [self._exact[text]] if text in self._exact and (has_dot or self._dotted) else []
        found = [place for place in exact if self._is_of(place, code.system)]
        if found or has_dot:
            return found
        return [place for place in self._plain.get(undot(text), []) if self._is_of(place, code.system)]

    def _is_of(self, place: int, system: CodeSystem | None) -> bool:
        return system is None or self._labels[place].system is system


class CamlFinder:
    """Finds labels as `LabelFinder`; else the one procedure that CAML's reading of numbers makes the code of.

    Mullenbach et al. (2018) read procedures as whole numbers and put the dot in after two digits (``00.66``
    is ``66.``), and some of these once more as fractions (``66.0``; ``39.50`` is ``39.5``). A corpus made
    with ``--compat caml`` has these as labels. In any other, what several procedures turn into is unknown.
    """

    def __init__(self, labels: Sequence[Code]) -> None:
        self._labels = LabelFinder(labels, dotted=True)
        self._written: dict[str, list[int]] = defaultdict(list)
        for position, label in enumerate(labels):
            if label.system is CodeSystem.ICD9PCS:
                for text in _as_numbers(label.value):
                    self._written[text].append(position)

    def find(self, code: ForeignCode) -> list[int]:
        """Return the position of the one label, or nothing."""
        found = self._labels.find(code) or self._written.get(code.text, [])
        return found if len(found) == 1 else []


def _as_numbers(value: str) -> set[str]:
    digits = undot(value)
    if not digits.isdecimal():
        return set()
    whole = str(int(digits))
    dotted = f"{whole[:2]}.{whole[2:]}"
    return {dotted, str(float(dotted)), str(float(value))}


def finder(codes: Iterable[ForeignCode], labels: Sequence[Code]) -> Find:
    """Return how to find the codes of a file: whether it writes dots shows in all of them together."""
    return LabelFinder(labels, dotted=any("." in code.text for code in codes)).find


def match_codes(codes: Sequence[ForeignCode], labels: Sequence[Code], find: Find) -> CodeMatch:
    """Find every code of a file.

    Raises
    ------
    ScoresError
        If a code may be two labels.

    """
    found = [find(code) for code in codes]
    unclear = [code for code, places in zip(codes, found, strict=True) if len(places) > 1]
    if unclear:
        systems = " and ".join(labels[place].system for place in find(unclear[0]))
        raise ScoresError(
            f"{_these(unclear)} are in two code systems: {systems}",
            remedy="Write codes with their dots, or name their code system in a column 'system'",
        )
    places = np.array([place[0] if place else -1 for place in found], np.int64)
    unknown = tuple(code for code, place in zip(codes, found, strict=True) if not place)
    return CodeMatch(places, unknown)


def refuse_unknown(match: CodeMatch, labels: Sequence[Code], name: str) -> None:
    """Refuse codes that are no labels.

    Raises
    ------
    ScoresError
        With their number, and whether they look like numbers.

    """
    if not match.unknown:
        return
    without_zeros = {undot(label.value).lstrip("0") for label in labels if label.value.startswith("0")}
    lost = any(code.text in without_zeros for code in match.unknown)
    raise ScoresError(
        f"{_these(match.unknown)} are no labels of the corpus {name}",
        remedy=_ZEROS if lost else "Name the corpus that the system is of, or pass --unknown drop",
    )


def _these(codes: Sequence[ForeignCode]) -> str:
    examples = ", ".join(shown(code.text, LONGEST_NAME) for code in codes[:3])
    return f"{len(codes):,} of its codes (such as {examples})"
