"""Right category, wrong leaf: missed and wrongly assigned codes next to other codes of their category."""

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
    "a wrong sibling was assigned",
    "only correct siblings were assigned",
    "no code of the category was assigned",
)
_WRONG = (
    "a sibling was missed",
    "all siblings in the note were found",
    "no code of the category is in the note",
)


@dataclass(frozen=True)
class Confusion:
    """A missed code, a sibling wrongly assigned to the same note, and the number of such notes."""

    gold: str
    gold_title: str | None
    given: str
    given_title: str | None
    system: str
    notes: int


def missed_codes(outcomes: Outcomes, codes: Sequence[Code]) -> dict[str, Any]:
    """Group false negatives by the codes of their category that were assigned to the same note.

    Siblings are codes of the same category and code system (E11.9 and E11.65).
    """
    places = _places(outcomes, codes)
    groups = _grouped(outcomes, outcomes.missed, _MISSED, places, outcomes.wrong, outcomes.hit)
    return {
        "dimension": "missed_codes",
        "title": "Missed codes, by assigned codes of the same category",
        "unit": "codes",
        "groups": groups,
    }


def wrong_codes(outcomes: Outcomes, codes: Sequence[Code]) -> dict[str, Any]:
    """Group false positives by the codes of their category that the note has."""
    places = _places(outcomes, codes)
    groups = _grouped(outcomes, outcomes.wrong, _WRONG, places, outcomes.missed, outcomes.hit)
    return {
        "dimension": "wrong_codes",
        "title": "Wrongly assigned codes, by codes of the same category in the note",
        "unit": "codes",
        "groups": groups,
    }


def confusions(
    outcomes: Outcomes, codes: Sequence[Code], titles: Sequence[str | None], most: int = _MOST
) -> list[Confusion]:
    """Return the most frequent pairs of a missed code and a sibling wrongly assigned to the same note.

    Parameters
    ----------
    codes, titles
        The label space in label order, and its titles [labels].
    most
        Maximum number of pairs; ties are in label order.

    """
    places = _places(outcomes, codes)
    missed, wrong = np.flatnonzero(outcomes.missed), np.flatnonzero(outcomes.wrong)
    wrong = wrong[np.argsort(places[wrong], kind="stable")]
    begin = np.searchsorted(places[wrong], places[missed], side="left")
    count = np.searchsorted(places[wrong], places[missed], side="right") - begin
    # The k-th partner of a missed code is the k-th wrong code with the same number.
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
    """Return confusions as stored in ``metrics.json``."""
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
    """Number the pairs so that siblings in one note share a number, and no others do [pairs]."""
    numbers: dict[tuple[str, str], int] = {}
    own = [
        numbers.setdefault((code.system, category(code.value, code.system)), len(numbers)) for code in codes
    ]
    return outcomes.note * len(numbers) + np.array(own, dtype=np.int64)[outcomes.label]


def _grouped(
    outcomes: Outcomes,
    which: BoolArray,
    names: Sequence[str],
    places: NDArray[np.int64],
    first: BoolArray,
    second: BoolArray,
) -> list[dict[str, Any]]:
    """Group pairs by whether a sibling in the same note is in ``first``, else in ``second``, else in neither.

    No pair of ``which`` is in ``first`` or ``second``, so a pair found there is always a sibling.
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
