"""The bootstrap over notes: how much a metric would change with other notes of the same kind.

Each resample draws as many notes as there are, with replacement (Efron 1979). The plain percentile interval
is not usable as it is, for two reasons. A label with few notes is absent from many resamples, so macro
metrics of resamples are biased downwards, sometimes by more than the width of the interval. And a label that
no note has cannot appear in a resample, although it could appear in other notes, so macro metrics vary too
little. The resampled values are therefore shifted so that their mean is the estimate, and stretched so that
their standard deviation is that of the delete-a-group jackknife, which errs on the safe side (Efron and Stein
1981). Metrics that are pooled over labels or averaged over notes need neither correction, and neither changes
them. ``benchmarks/coverage.py`` measures how often such intervals contain the true value.

Notes of one subject resemble each other. With ``groups``, whole subjects are drawn and left out.
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
    """An interval of plausible values of a metric, and its standard error ``sd``."""

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
    """Return a confidence interval for every metric of a judgement.

    In about ``level`` of all cases, an interval contains the mean value of the metric over splits of this
    size from the same hospital. It does not cover variation over training seeds.

    Parameters
    ----------
    judgement
        The judgement; its profile determines the metrics.
    resamples
        Number of resamples, at least 2.
    level
        Confidence level, above 0 and below 1.
    seed
        The same seed gives the same intervals.
    groups
        The group of each note, such as its subject; groups are resampled as a whole [all notes]. Notes whose
        group is None are resampled one by one, as are all notes by default.
    progress
        Called with the number of resamples just finished.

    Returns
    -------
        Intervals by metric name; each contains the metric's value and lies within 0 and 1. Empty if there are
        fewer than two notes, or fewer than two groups.

    Raises
    ------
    ScoresError
        If a number is out of range, or there is not one group per note.

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
    """Return the result of `intervals` together with its parameters, as a JSON object."""
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
    """Return the deviations of resampled metrics from their mean, scaled to the jackknife [resamples].

    Parameters
    ----------
    statistic
        Computes the metrics.
    units
        The unit of each note, numbered consecutively from 0 [notes].

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
    """Return the deviations of resampled values from their mean, scaled to the jackknife [resamples].

    Parameters
    ----------
    resampled
        The values of a metric in the resamples [resamples].
    left_out
        Its values with each part of the notes left out [parts].

    """
    moved: Doubles = resampled - resampled.mean()
    own = moved.std()
    standard_error = np.sqrt(len(left_out) - 1) * left_out.std()
    return moved * (standard_error / own) if own > 0 else moved


def interval_of(estimate: float, moved: Doubles, level: float, *, bounds: tuple[float, float]) -> Interval:
    """Return the central ``level`` of the deviations around an estimate, clipped to bounds."""
    tail = (1 - level) / 2
    low, high = np.clip(estimate + np.quantile(moved, [tail, 1 - tail]), *bounds)
    return Interval(min(float(low), estimate), max(float(high), estimate), float(moved.std()))


def interval_of_share(estimate: float, moved: Doubles, level: float, *, units: int) -> Interval:
    """Return `interval_of` with bounds 0 and 1, widened if the value is 0 or 1 in all resamples.

    An event that was seen in none of the units may still occur: at the 95 % level, the exact upper bound of
    its share is then about 3.7 / units (Clopper and Pearson 1934).
    """
    interval = interval_of(estimate, moved, level, bounds=(0.0, 1.0))
    unseen = 1 - ((1 - level) / 2) ** (1 / units)
    if interval.high == 0:
        return Interval(0.0, unseen, 0.0)
    if interval.low == 1:
        return Interval(1 - unseen, 1.0, 0.0)
    return interval


def check_level(level: float) -> None:
    """Raise unless the confidence level is between 0 and 1.

    Raises
    ------
    ScoresError
        If it is not.

    """
    if not 0 < level < 1:
        raise ScoresError(
            f"the confidence level is {level}, expected a number between 0 and 1",
            remedy="Choose a level such as 0.95",
        )
