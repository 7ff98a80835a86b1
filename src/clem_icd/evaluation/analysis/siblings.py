"""Right category, wrong leaf: codes that were missed or wrongly given beside a code of the same category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clem_icd.decisions.arrays import BoolArray, ratio
from clem_icd.evaluation.analysis.outcomes import Outcomes
from clem_icd.icd import Code, category

__all__ = ["Confusion", "confusions", "missed_codes", "wrong_codes"]

_MOST = 50

_MISSED = (
    "a sibling was given that the note does not have",
    "only siblings were given that the note has too",
    "nothing of the category was given",
)
_WRONG = (
    "a sibling was missed",
    "only siblings of the note that were found",
    "nothing of the category is in the note",
)


@dataclass(frozen=True)
class Confusion:
    """A missed code and a sibling wrongly given in the same note, and in how many notes that happened."""

    gold: str
    gold_title: str | None
    given: str
    given_title: str | None
    system: str
    notes: int


def missed_codes(outcomes: Outcomes, codes: Sequence[Code]) -> dict[str, Any]:
    """Part the false negatives by what was given of their category in the same note.

    Siblings are codes of the same category and code system (E11.9 and E11.65).
    """
    places = _places(outcomes, codes)
    groups = _parted(outcomes, outcomes.missed, _MISSED, places, outcomes.wrong, outcomes.hit)
    return {
        "dimension": "missed_codes",
        "title": "Missed codes: what was given of their category",
        "unit": "codes",
        "groups": groups,
    }


def wrong_codes(outcomes: Outcomes, codes: Sequence[Code]) -> dict[str, Any]:
    """Part the false positives by what the note has of their category."""
    places = _places(outcomes, codes)
    groups = _parted(outcomes, outcomes.wrong, _WRONG, places, outcomes.missed, outcomes.hit)
    return {
        "dimension": "wrong_codes",
        "title": "Wrongly given codes: what the note has of their category",
        "unit": "codes",
        "groups": groups,
    }


def confusions(
    outcomes: Outcomes, codes: Sequence[Code], titles: Sequence[str | None], most: int = _MOST
) -> list[Confusion]:
    """Return the most frequent pairs of a missed code and a sibling wrongly given in the same note.

    Parameters
    ----------
    codes, titles
        The label space in label order, and its titles [labels].
    most
        How many to return; pairs that are equally frequent come in label order.

    """
    places = _places(outcomes, codes)
    missed, wrong = np.flatnonzero(outcomes.missed), np.flatnonzero(outcomes.wrong)
    wrong = wrong[np.argsort(places[wrong], kind="stable")]
    begin = np.searchsorted(places[wrong], places[missed], side="left")
    count = np.searchsorted(places[wrong], places[missed], side="right") - begin
    # The k-th partner of a missed code is the k-th of the wrong codes at its place.
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    gold = outcomes.label[np.repeat(missed, count)]
    given = outcomes.label[wrong[np.repeat(begin, count) + within]]
    pairs, notes = np.unique(gold * outcomes.labels + given, return_counts=True)
    order = np.argsort(-notes, kind="stable")[:most]
    return [
        _confusion(codes, titles, *divmod(int(pair), outcomes.labels), notes=int(number))
        for pair, number in zip(pairs[order], notes[order], strict=True)
    ]


def confusion_rows(found: Sequence[Confusion]) -> list[dict[str, Any]]:
    """Return confusions as ``metrics.json`` holds them."""
    return [asdict(one) for one in found]


def _confusion(
    codes: Sequence[Code], titles: Sequence[str | None], gold: int, given: int, *, notes: int
) -> Confusion:
    return Confusion(
        gold=codes[gold].value,
        gold_title=titles[gold],
        given=codes[given].value,
        given_title=titles[given],
        system=codes[gold].system.value,
        notes=notes,
    )


def _places(outcomes: Outcomes, codes: Sequence[Code]) -> NDArray[np.int64]:
    """Number the note and the category of every pair: siblings in one note have the same number [pairs]."""
    numbers: dict[tuple[str, str], int] = {}
    own = [
        numbers.setdefault((code.system, category(code.value, code.system)), len(numbers)) for code in codes
    ]
    return outcomes.note * len(numbers) + np.array(own, dtype=np.int64)[outcomes.label]


def _parted(
    outcomes: Outcomes,
    which: BoolArray,
    names: Sequence[str],
    places: NDArray[np.int64],
    first: BoolArray,
    second: BoolArray,
) -> list[dict[str, Any]]:
    """Part pairs by whether ``first`` holds for another pair at their place, else ``second``, else neither.

    None of the pairs in ``which`` is in ``first`` or ``second``, so any pair found there is another one.
    """
    beside_first = np.isin(places, places[first])
    beside_second = np.isin(places, places[second]) & ~beside_first
    parts = (beside_first, beside_second, ~(beside_first | beside_second))
    total = int(which.sum())
    return [
        {
            "name": name,
            "labels": len(np.unique(outcomes.label[which & part])),
            "notes": len(np.unique(outcomes.note[which & part])),
            "codes": int((which & part).sum()),
            "share": float(ratio(int((which & part).sum()), total)),
        }
        for name, part in zip(names, parts, strict=True)
    ]
