"""Significance tests: is one system better than another, or could other notes reverse the order?

There are two tests for every metric. The paired bootstrap draws the same notes for both systems and measures
how much the difference varies (Efron and Tibshirani 1993; Koehn 2004). Approximate randomisation swaps the
two systems on each note with probability one half and counts how often chance alone gives a difference as
large (Noreen 1989; Yeh 2000). It needs metrics that are functions of sums over notes, which areas under
curves are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clem_icd.errors import ScoresError
from clem_icd.evaluation.areas import AREAS
from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.note_weights import Groups, blocks_of, units_of
from clem_icd.evaluation.resampling import Doubles, Progress, check_level, deviations, interval_of

__all__ = ["Difference", "compare_systems", "holm"]

_ROUNDING = 1e-12
"""Differences due only to the order of floating-point additions count as equal."""


@dataclass(frozen=True)
class Difference:
    """The difference between two systems in one metric.

    Attributes
    ----------
    difference
        The first system's value minus the second's.
    low, high
        The confidence interval of the difference.
    p_bootstrap
        Two-sided p-value of the paired bootstrap.
    p_randomisation
        Two-sided p-value of approximate randomisation; None for areas under curves.

    """

    difference: float
    low: float
    high: float
    p_bootstrap: float
    p_randomisation: float | None


def compare_systems(
    one: Judgement,
    other: Judgement,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    groups: Groups | None = None,
    progress: Progress | None = None,
) -> dict[str, Difference]:
    """Compare two systems on the same notes and labels, metric by metric.

    Each p-value belongs to a single test. Of 40 tests of equal systems, two have a p-value below 0.05 on
    average: choose the metric in advance, or correct with `holm`.

    Parameters
    ----------
    one, other
        Judgements of the same targets with the same profile.
    resamples
        Number of resamples of each of the two tests, at least 2. No p-value is below 1 / (resamples + 1).
    level
        Confidence level of the intervals, above 0 and below 1.
    seed
        The same seed gives the same numbers.
    groups
        The group of each note, as in `intervals`.
    progress
        Called with the number of resamples just finished; their sum is twice ``resamples``.

    Returns
    -------
        Differences by metric name, in the order of the judgements.

    Raises
    ------
    ScoresError
        If the judgements differ in notes, labels, codes or metrics, there are fewer than two notes or groups,
        or a number is out of range.

    """
    check_level(level)
    _check_comparable(one, other)
    units = units_of(one, groups)
    if units.max() == 0:
        raise ScoresError(
            "found one note or one group of notes, expected at least two",
            remedy="Compare the systems on a larger split",
        )

    def difference(weights: Doubles | None) -> dict[str, Doubles]:
        theirs = other.values(weights)
        return {name: mine - theirs[name] for name, mine in one.values(weights).items()}

    found = {name: float(value[0]) for name, value in difference(None).items()}
    moved = deviations(difference, units, resamples=resamples, seed=seed, progress=progress)
    chance = _swapped(one, other, units, resamples, seed, progress)
    return {name: _difference(value, moved[name], chance.get(name), level) for name, value in found.items()}


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Correct p-values for multiple testing (Holm 1979).

    By chance, at most 5 % of families of tests then have any p-value below 0.05.

    Parameters
    ----------
    p_values
        The p-value of each test, by name.

    """
    ascending = sorted(p_values, key=lambda name: p_values[name])
    steps = [p_values[name] * (len(ascending) - rank) for rank, name in enumerate(ascending)]
    corrected = np.minimum(np.maximum.accumulate(steps), 1)
    found = dict(zip(ascending, corrected.tolist(), strict=True))
    return {name: found[name] for name in p_values}


def _check_comparable(one: Judgement, other: Judgement) -> None:
    if not np.array_equal(one.kept, other.kept):
        found = (
            f"one is evaluated on {one.notes} of {len(one.kept)} notes and the other on {other.notes} of "
            f"{len(other.kept)}, and these notes differ"
        )
    elif one.labels != other.labels:
        found = f"one has {one.labels} labels and the other {other.labels}"
    elif not np.array_equal(one.targets, other.targets):
        notes = np.count_nonzero((one.targets != other.targets).any(axis=1))
        found = f"the codes of {notes} of {one.notes} notes differ"
    elif one.names != other.names:
        names = sorted(set(one.names) ^ set(other.names))
        found = f"only one of the judgements has the metrics {', '.join(names)}"
    else:
        return
    raise ScoresError(
        f"the systems cannot be compared: {found}",
        remedy="Score the same notes of the same corpus with both, and evaluate both with the same profile",
    )


def _swapped(
    one: Judgement,
    other: Judgement,
    units: NDArray[np.int64],
    resamples: int,
    seed: int,
    progress: Progress | None,
) -> dict[str, Doubles]:
    """Return the differences with the two systems swapped on a random half of the units [resamples]."""
    random = np.random.default_rng([seed, 2])
    names = [name for name in one.names if name not in AREAS]
    blocks = []
    for rows in blocks_of(resamples, max(units.size, one.labels)):
        kept = random.integers(2, size=(rows, int(units.max()) + 1))[:, units].astype(np.float64)
        mine = (one.totals(kept) + other.totals(1 - kept)).metrics()
        theirs = (one.totals(1 - kept) + other.totals(kept)).metrics()
        blocks.append({name: mine[name] - theirs[name] for name in names})
        if progress is not None:
            progress(rows)
    return {name: np.concatenate([block[name] for block in blocks]) for name in names}


def _difference(value: float, moved: Doubles, chance: Doubles | None, level: float) -> Difference:
    interval = interval_of(value, moved, level, bounds=(-1.0, 1.0))
    randomised = None if chance is None else _p_value(value, chance)
    return Difference(value, interval.low, interval.high, _p_value(value, moved), randomised)


def _p_value(value: float, under_chance: Doubles) -> float:
    hits = np.count_nonzero(np.abs(under_chance) >= abs(value) - _ROUNDING)
    return (1 + int(hits)) / (1 + len(under_chance))
