"""Matches the codes of a file to the labels of a corpus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from clem_icd.errors import ScoresError, SourceError
from clem_icd.icd import Code, CodeSystem, undot
from clem_icd.icd.systems import shown
from clem_icd.scores.imports.external import ExternalCode, IntArray
from clem_icd.scores.imports.table_files import LONGEST_NAME
from clem_icd.tabular.code_cells import divider_in, exists_in_any_system, looks_like_code

_ZEROS = "Some look like codes that became numbers and lost their leading zeros: write codes as text"

# From a code to the positions of the labels that it may denote.
Find = Callable[[ExternalCode], list[int]]


@dataclass(frozen=True, slots=True)
class CodeMatch:
    """The codes of a file, matched to the labels of a corpus.

    Attributes
    ----------
    labels
        The label of each code, -1 for none [codes].
    unknown
        The codes without a label.

    """

    labels: IntArray
    unknown: tuple[ExternalCode, ...]


class LabelFinder:
    """Finds the labels that a code may denote.

    A code denotes the label with the same characters, or else, if it has no inner dot, labels with the same
    characters apart from dots. This finds codes written without dots, and ``I10.``, as Edin et al. (2023)
    write ``I10``. In a file without dots only the second rule applies to a code without one, because ``486``
    may be a pneumonia or the procedure ``48.6``.

    Parameters
    ----------
    labels
        The labels of the corpus [labels].
    dotted
        Whether the file writes dots.

    """

    def __init__(self, labels: Sequence[Code], *, dotted: bool) -> None:
        self._labels = labels
        self._dotted = dotted
        self._exact = {label.value: position for position, label in enumerate(labels)}
        self._plain: dict[str, list[int]] = defaultdict(list)
        for position, label in enumerate(labels):
            self._plain[undot(label.value)].append(position)

    def find(self, code: ExternalCode) -> list[int]:
        """Return the positions of the possible labels."""
        text = code.text.upper()
        has_dot = "." in text.removesuffix(".")
        exact = [self._exact[text]] if text in self._exact and (has_dot or self._dotted) else []
        found = [place for place in exact if self._has_system(place, code.system)]
        if found or has_dot:
            return found
        return [place for place in self._plain.get(undot(text), []) if self._has_system(place, code.system)]

    def _has_system(self, place: int, system: CodeSystem | None) -> bool:
        return system is None or self._labels[place].system is system


class CamlFinder:
    """Finds labels as `LabelFinder` does, or else the one procedure that CAML would write as the code.

    Mullenbach et al. (2018) read procedures as integers and insert a dot after two digits (``00.66`` becomes
    ``66.``), and read some of these again as decimals (``66.0``; ``39.50`` becomes ``39.5``). A corpus made
    with ``--compat caml`` has these as labels. In any other corpus, a code that several procedures turn into
    is unknown.
    """

    def __init__(self, labels: Sequence[Code]) -> None:
        self._labels = LabelFinder(labels, dotted=True)
        self._written: dict[str, list[int]] = defaultdict(list)
        for position, label in enumerate(labels):
            if label.system is CodeSystem.ICD9PCS:
                for text in _as_numbers(label.value):
                    self._written[text].append(position)

    def find(self, code: ExternalCode) -> list[int]:
        """Return the position of the only possible label, or nothing."""
        found = self._labels.find(code) or self._written.get(code.text, [])
        return found if len(found) == 1 else []


def _as_numbers(value: str) -> set[str]:
    digits = undot(value)
    if not digits.isdecimal():
        return set()
    whole = str(int(digits))
    dotted = f"{whole[:2]}.{whole[2:]}"
    return {dotted, str(float(dotted)), str(float(value))}


def label_finder(codes: Iterable[ExternalCode], labels: Sequence[Code]) -> Find:
    """Return how to find the codes of a file, which writes dots if any of its codes has one."""
    return LabelFinder(labels, dotted=any("." in code.text for code in codes)).find


def match_codes(codes: Sequence[ExternalCode], labels: Sequence[Code], find: Find) -> CodeMatch:
    """Match every code of a file.

    Raises
    ------
    ScoresError
        If a code may denote two labels.

    """
    found = [find(code) for code in codes]
    ambiguous = [code for code, places in zip(codes, found, strict=True) if len(places) > 1]
    if ambiguous:
        systems = " and ".join(labels[place].system for place in find(ambiguous[0]))
        raise ScoresError(
            f"{_with_examples(ambiguous)} exist in two code systems: {systems}",
            remedy="Write codes with their dots, or name their code systems in a column 'system'",
        )
    places = np.array([place[0] if place else -1 for place in found], np.int64)
    unknown = tuple(code for code, place in zip(codes, found, strict=True) if not place)
    return CodeMatch(places, unknown)


def refuse_unknown(match: CodeMatch, labels: Sequence[Code], name: str) -> None:
    """Refuse codes without a label.

    Raises
    ------
    ScoresError
        With their number, and a hint if they look like numbers.

    """
    if not match.unknown:
        return
    without_zeros = {undot(label.value).lstrip("0") for label in labels if label.value.startswith("0")}
    lost = any(code.text in without_zeros for code in match.unknown)
    raise ScoresError(
        f"{_with_examples(match.unknown)} are not labels of the corpus {name}",
        remedy=_ZEROS if lost else "Name the corpus that the system was trained on, or pass --unknown drop",
    )


def refuse_several_codes(match: CodeMatch) -> None:
    """Refuse unknown codes that are several in one cell: dropping them would drop labels.

    Raises
    ------
    ScoresError
        With their number.

    """
    several = [code for code in match.unknown if _is_several(code.text)]
    if several:
        raise ScoresError(
            f"{_with_examples(several)} are several codes in one cell",
            remedy="Write one row per note and code, or all codes of a note in one row: --format lists",
        )


def _is_several(text: str) -> bool:
    try:
        return divider_in(text, looks_like_code, exists_in_any_system) is not None
    except SourceError:
        return False


def _with_examples(codes: Sequence[ExternalCode]) -> str:
    examples = ", ".join(shown(code.text, LONGEST_NAME) for code in codes[:3])
    return f"{len(codes):,} of its codes (such as {examples})"
