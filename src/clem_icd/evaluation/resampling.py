"""How far would a metric move with other notes of the same kind? The bootstrap over notes.

Each resample draws as many notes as there are, with replacement (Efron 1979). Two things keep the plain
percentile interval from being used as it is. A label with few notes is absent from many resamples, so that
macro metrics of resamples lie below the estimate, whole intervals of them. And a label that no note carries
cannot appear in a resample, though other notes would bring it, so that macro metrics move too little. The
resampled values are therefore shifted until their mean is the estimate, and stretched until their standard
deviation is that of the delete-a-group jackknife, which errs on the safe side (Efron and Stein 1981). Metrics
that are pooled over labels or averaged over notes need neither, and neither changes them.
``benchmarks/coverage.py`` measures how often such intervals hold the true value.

Notes of one subject resemble each other. With ``groups`` whole subjects are drawn and left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clem_icd.errors import ScoresError
from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.note_weights import Groups, bootstrap_weights, jackknife_weights, units_of

__all__ = [
    "Groups",
    "Interval",
    "Progress",
    "check_level",
    "deviations",
    "interval_of",
    "interval_of_share",
    "intervals",
    "intervals_document",
    "stretched",
]

Doubles = NDArray[np.float64]
Progress = Callable[[int], Any]
Statistic = Callable[[Doubles], dict[str, Doubles]]
"""Metrics by name [resamples], from how often each note counts [resamples, notes]."""


@dataclass(frozen=True)
class Interval:
    """Where a metric may well lie, and its standard error ``sd``."""

    low: float
    high: float
    sd: float


def intervals(
    judgement: Judgement,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    groups: Groups | None = None,
    progress: Progress | None = None,
) -> dict[str, Interval]:
    """Give every metric of a judgement an interval.

    An interval holds the value that the system would have on average over splits of this size from the same
    hospital, in about ``level`` of all cases. It knows nothing of other seeds of the training.

    Parameters
    ----------
    judgement
        Its profile says for which metrics.
    resamples
        2 at least.
    level
        Above 0 and below 1.
    seed
        The same seed gives the same intervals.
    groups
        What may not be torn apart, the subject of each note [given notes]. A note of which it is not known
        (None) stands alone. Without it every note stands alone.
    progress
        Is called with a number of resamples once they are done.

    Returns
    -------
        By name of the metric; each holds the metric's value and lies within 0 and 1. Nothing where there are
        fewer than two notes, or two groups.

    Raises
    ------
    ScoresError
        If a number is out of its range, or the groups are not one for each note.

    """
    check_level(level)
    units = units_of(judgement, groups)
    if units.max() == 0:
        return {}
    moved = deviations(judgement.values, units, resamples=resamples, seed=seed, progress=progress)
    count = int(units.max()) + 1
    return {
        name: interval_of_share(float(value), moved[name], level, units=count)
        for name, (value,) in judgement.values().items()
    }


def intervals_document(
    judgement: Judgement,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    groups: Groups | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Do what `intervals` does, and say how: an object that json can hold."""
    found = intervals(
        judgement, resamples=resamples, level=level, seed=seed, groups=groups, progress=progress
    )
    return {
        "level": level,
        "resamples": resamples,
        "seed": seed,
        "unit": "notes" if groups is None else "subjects",
        "metrics": {name: asdict(interval) for name, interval in found.items()},
    }


def deviations(
    statistic: Statistic,
    units: NDArray[np.int64],
    *,
    resamples: int,
    seed: int,
    progress: Progress | None = None,
) -> dict[str, Doubles]:
    """Return how far metrics of resamples lie from their mean, on the scale of the jackknife [resamples].

    Parameters
    ----------
    statistic
        Gives the metrics.
    units
        What is drawn as one, numbered from 0 without gaps [notes].

    Raises
    ------
    ScoresError
        If there are fewer than two resamples.

    """
    blocks = []
    for weights in bootstrap_weights(units, resamples, seed):
        blocks.append(statistic(weights))
        if progress is not None:
            progress(len(weights))
    left_out = statistic(jackknife_weights(units, seed))
    return {
        name: stretched(np.concatenate([block[name] for block in blocks]), values)
        for name, values in left_out.items()
    }


def stretched(resampled: Doubles, left_out: Doubles) -> Doubles:
    """Return how far resampled values lie from their mean, on the scale of the jackknife [resamples].

    Parameters
    ----------
    resampled
        Values of a metric for resamples [resamples].
    left_out
        Its values without each part of the notes [parts].

    """
    moved: Doubles = resampled - resampled.mean()
    own = moved.std()
    standard_error = np.sqrt(len(left_out) - 1) * left_out.std()
    return moved * (standard_error / own) if own > 0 else moved


def interval_of(estimate: float, moved: Doubles, level: float, *, bounds: tuple[float, float]) -> Interval:
    """Put the deviations of resamples around an estimate, and take the middle share of them."""
    tail = (1 - level) / 2
    low, high = np.clip(estimate + np.quantile(moved, [tail, 1 - tail]), *bounds)
    return Interval(min(float(low), estimate), max(float(high), estimate), float(moved.std()))


def interval_of_share(estimate: float, moved: Doubles, level: float, *, units: int) -> Interval:
    """Do what `interval_of` does between 0 and 1; widen what is 0 or 1 in all resamples.

    What was seen in none of the units may yet be there: the exact bound of a share is then about 3.7 / units
    (Clopper and Pearson 1934).
    """
    interval = interval_of(estimate, moved, level, bounds=(0.0, 1.0))
    unseen = 1 - ((1 - level) / 2) ** (1 / units)
    if interval.high == 0:
        return Interval(0.0, unseen, 0.0)
    if interval.low == 1:
        return Interval(1 - unseen, 1.0, 0.0)
    return interval


def check_level(level: float) -> None:
    """Refuse a level of intervals that is no share between 0 and 1.

    Raises
    ------
    ScoresError
        If it is none.

    """
    if not 0 < level < 1:
        raise ScoresError(
            f"the level of the intervals is {level}", remedy="Choose one above 0 and below 1, such as 0.95"
        )
