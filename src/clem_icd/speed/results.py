"""Measured seconds and bytes as the rows of a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from clem_icd.speed.contender import Contender, Here
from clem_icd.speed.estimate import NOTES, NoteLengths, seconds_for
from clem_icd.speed.passes import Pass
from clem_icd.speed.peaks import Peak
from clem_icd.speed.rivals import RIVALS, Stock
from clem_icd.speed.timing import Timed

Row = dict[str, Any]

Key = tuple[str, str]
"""The name of a workload and the key of a contender."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured.

    Attributes
    ----------
    timed
        Every pass.
    ceilings
        The highest gigaflops by precision and library.
    peaks
        The memory of the passes for which it is known.

    """

    timed: Mapping[Key, Timed]
    ceilings: Mapping[tuple[str, str], float]
    peaks: Mapping[Key, Peak] = field(default_factory=dict)

    def ceiling(self, precision: str) -> float | None:
        """Return the highest gigaflops of a precision."""
        return max((value for (name, _), value in self.ceilings.items() if name == precision), default=None)


def row_of(one: Pass, measured: Measured) -> Row:
    """Return the row of a pass."""
    workload, contender = one.workload, one.contender
    key = workload.name, contender.key
    own, peak = measured.timed[key], measured.peaks.get(key)
    read = sum(min(length, contender.most or length) for length in workload.lengths)
    neural = contender.products is not None
    achieved = contender.needed(workload.lengths) / own.median / 1e9 if neural else None
    ceiling = measured.ceiling(contender.precision)
    return {
        "workload": workload.name,
        "lengths": list(workload.lengths),
        "system": contender.key,
        "length_read": read,
        "seconds": own.median,
        "times": one.times,
        "seconds_of_repeats": own.seconds,
        "notes_per_second": len(workload.lengths) / own.median,
        "tokens_per_second": read / own.median if neural else None,
        "words_per_second": None if neural else read / own.median,
        "peak_bytes": None if peak is None else peak.bytes,
        "peak_bytes_above": None if peak is None else peak.above,
        "gigaflops": achieved,
        "share_of_ceiling": None if achieved is None or ceiling is None else achieved / ceiling,
        "faster_than": _ratios(key, measured.timed) if isinstance(contender, Here) else {},
        "largest_difference": _difference(one, measured.timed),
    }


def estimate(
    contenders: Sequence[Contender], rows: Sequence[Row], lengths: NoteLengths, price: float | None
) -> dict[str, Any]:
    """Return what many notes take and cost with each system that read notes of one length.

    Parameters
    ----------
    contenders, rows
        The systems and the results of `row_of`.
    lengths
        The lengths of the notes.
    price
        The price of the machine per hour; None if it is not known.

    """
    found = []
    for one in contenders:
        per_note = {
            min(row["lengths"][0], one.most or row["lengths"][0]): row["seconds"] / len(row["lengths"])
            for row in rows
            if row["system"] == one.key and len(set(row["lengths"])) == 1
        }
        if not per_note:
            continue
        seconds = seconds_for(lengths, per_note, most=one.most, work=partial(_work, one))
        found.append(
            {
                "system": one.key,
                "reads": one.most,
                "seconds": seconds,
                "cost": None if price is None else seconds / 3600 * price,
            }
        )
    return {
        "notes": NOTES,
        "lengths_of": lengths.source,
        "median_length": float(np.median(lengths.lengths)),
        "price_per_hour": price,
        "systems": found,
    }


def _ratios(key: Key, timed: Mapping[Key, Timed]) -> dict[str, float]:
    """Return how many times as fast as each rival a pass is."""
    workload, _ = key
    return {
        system: other.median / timed[key].median
        for (name, system), other in timed.items()
        if name == workload and system in RIVALS
    }


def _difference(one: Pass, timed: Mapping[Key, Timed]) -> float | None:
    """Return the largest difference of a probability from this model in fp32; None for other weights."""
    contender, reference = one.contender, timed.get((one.workload.name, "fp32"))
    same = isinstance(contender, Here) or (isinstance(contender, Stock) and contender.has_same_weights)
    if reference is None or not same or contender.key == "fp32":
        return None
    own = timed[one.workload.name, contender.key]
    return float(np.abs(own.result - reference.result).max())


def _work(one: Contender, length: int) -> float:
    return one.needed([length])
