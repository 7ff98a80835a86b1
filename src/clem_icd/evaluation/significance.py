"""Is one system better than another on the same notes, or would other notes turn it round?

Two tests for every metric. The paired bootstrap draws notes, the same for both systems, and asks how far the
difference moves (Efron and Tibshirani 1993; Koehn 2004). Approximate randomisation swaps the two systems on
each note with probability one half and asks how often chance alone gives so large a difference (Noreen 1989;
Yeh 2000). It needs metrics that are functions of sums over notes, which areas under curves are not.
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
"""Differences that are equal but for the order of additions are equal."""


@dataclass(frozen=True)
class Difference:
    """What one system has more of a metric than another.

    Attributes
    ----------
    difference
        The first system's value less the second's.
    low, high
        The interval of the difference.
    p_bootstrap
        Two-sided, of the paired bootstrap.
    p_randomisation
        Two-sided, of approximate randomisation; None for areas under curves.

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

    Each p is that of one test. Of 40 tests of equal systems two give a p below 0.05: choose the metric before
    looking, or correct with `holm`.

    Parameters
    ----------
    one, other
        Judgements of the same targets with the same profile.
    resamples
        Of each of the two tests, 2 at least. No p is below 1 / (resamples + 1).
    level
        Of the intervals, above 0 and below 1.
    seed
        The same seed gives the same numbers.
    groups
        What may not be torn apart, as in `intervals`.
    progress
        Is called with a number of resamples once they are done; together they are twice ``resamples``.

    Returns
    -------
        By name of the metric, in the order of the judgements.

    Raises
    ------
    ScoresError
        If the judgements are not of the same notes, labels, codes and metrics, there are fewer than two notes
        or groups, or a number is out of its range.

    """
    check_level(level)
    _check_comparable(one, other)
    units = units_of(one, groups)
    if units.max() == 0:
        raise ScoresError("there is one note, or one group of notes, expected two at least to compare on")

    def difference(weights: Doubles | None) -> dict[str, Doubles]:
        theirs = other.values(weights)
        return {name: mine - theirs[name] for name, mine in one.values(weights).items()}

    found = {name: float(value[0]) for name, value in difference(None).items()}
    moved = deviations(difference, units, resamples=resamples, seed=seed, progress=progress)
    chance = _swapped(one, other, units, resamples, seed, progress)
    return {name: _difference(value, moved[name], chance.get(name), level) for name, value in found.items()}


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Correct p-values for being several tests (Holm 1979): below 0.05 are now 5 % of families by chance.

    Parameters
    ----------
    p_values
        One of each test, by name.

    """
    ascending = sorted(p_values, key=lambda name: p_values[name])
    steps = [p_values[name] * (len(ascending) - rank) for rank, name in enumerate(ascending)]
    corrected = np.minimum(np.maximum.accumulate(steps), 1)
    found = dict(zip(ascending, corrected.tolist(), strict=True))
    return {name: found[name] for name in p_values}


def _check_comparable(one: Judgement, other: Judgement) -> None:
    if not np.array_equal(one.kept, other.kept):
        found = (
            f"one is judged on {one.notes} of {len(one.kept)} notes and the other on {other.notes} of "
            f"{len(other.kept)}, which are not the same"
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
        remedy="Score the same notes of the same corpus with both, and judge both with one profile",
    )


def _swapped(
    one: Judgement,
    other: Judgement,
    units: NDArray[np.int64],
    resamples: int,
    seed: int,
    progress: Progress | None,
) -> dict[str, Doubles]:
    """Return the differences with the two systems swapped on about half of the units [resamples]."""
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
