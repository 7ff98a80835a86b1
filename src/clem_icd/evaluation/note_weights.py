"""How often each note counts: drawn with replacement for the bootstrap, left out for the jackknife.

Units are drawn or left out as a whole. A unit is a single note or all notes of a subject; units are numbered
consecutively from 0.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from clem_icd.errors import ScoresError
from clem_icd.evaluation.judgement import Judgement

__all__ = ["Groups", "blocks_of", "bootstrap_weights", "jackknife_weights", "numbered_units", "units_of"]

Doubles = NDArray[np.float64]
Groups = Sequence[Hashable | None]

_CELLS_PER_BLOCK = 1 << 20
_JACKKNIFE_PARTS = 200
"""Enough to know the jackknife's standard error to about 5 %."""


def units_of(judgement: Judgement, groups: Groups | None) -> NDArray[np.int64]:
    """Return the number of the unit that each note of a judgement belongs to [notes].

    Raises
    ------
    ScoresError
        If there is not one group for each note passed to the judgement.

    """
    if groups is None:
        return np.arange(judgement.notes)
    if len(groups) != len(judgement.kept):
        raise ScoresError(
            f"found {len(groups)} groups for {len(judgement.kept)} notes, expected one per note",
            remedy="Take the subjects from the same split as the targets",
        )
    return numbered_units([group for group, kept in zip(groups, judgement.kept, strict=True) if kept])


def numbered_units(groups: Groups) -> NDArray[np.int64]:
    """Return the number of the unit of each note; a note whose group is None is a unit by itself [notes]."""
    numbers: dict[Hashable, int] = {}
    alone = (object() if group is None else group for group in groups)
    return np.array([numbers.setdefault(group, len(numbers)) for group in alone], dtype=np.int64)


def bootstrap_weights(units: NDArray[np.int64], resamples: int, seed: int) -> Iterator[Doubles]:
    """Draw units with replacement, as many as there are, and yield how often each note counts [block, notes].

    The blocks have ``resamples`` rows in total. The rows do not depend on the block size.

    Parameters
    ----------
    units
        The unit of each note, numbered consecutively from 0 [notes].
    resamples
        Number of resamples, at least 2.
    seed
        The same seed gives the same rows.

    Raises
    ------
    ScoresError
        If there are fewer than two resamples.

    """
    if resamples < 2:
        raise ScoresError(
            f"found {resamples} resamples, expected at least 2", remedy="Draw more; 1000 is usual"
        )
    random = np.random.default_rng([seed, 0])
    count = int(units.max()) + 1
    for rows in blocks_of(resamples, len(units)):
        drawn = random.multinomial(count, np.full(count, 1 / count), size=rows)
        yield drawn[:, units].astype(np.float64)


def jackknife_weights(units: NDArray[np.int64], seed: int) -> Doubles:
    """Leave out every unit once, and return how often each note then counts [parts, notes].

    Up to 200 units are left out one by one. If there are more, they are randomly divided into 200 parts.

    Parameters
    ----------
    units
        The unit of each note, numbered consecutively from 0 [notes].
    seed
        The same seed gives the same parts.

    """
    count = int(units.max()) + 1
    parts = min(count, _JACKKNIFE_PARTS)
    part_of = np.random.default_rng([seed, 1]).permutation(count) % parts
    stays: NDArray[np.bool_] = part_of[units] != np.arange(parts)[:, np.newaxis]
    return stays.astype(np.float64)


def blocks_of(resamples: int, notes: int) -> Iterator[int]:
    """Yield the number of resamples of each block, chosen to bound memory."""
    most = max(1, _CELLS_PER_BLOCK // notes)
    for begin in range(0, resamples, most):
        yield min(most, resamples - begin)
