"""How often each note counts: drawn with replacement for the bootstrap, left out for the jackknife.

What is drawn and left out are units, numbered from 0 without gaps: single notes, or all notes of a subject.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from clem_icd.errors import ScoresError
from clem_icd.evaluation.judgement import Judgement

__all__ = ["Groups", "blocks_of", "bootstrap_weights", "jackknife_weights", "units_of"]

Doubles = NDArray[np.float64]
Groups = Sequence[Hashable | None]

_CELLS_PER_BLOCK = 1 << 20
_JACKKNIFE_PARTS = 200
"""The jackknife's standard error is then itself uncertain by about 5 %."""


def units_of(judgement: Judgement, groups: Groups | None) -> NDArray[np.int64]:
    """Number what is drawn as one: the group of each note that is counted, from 0 without gaps [notes].

    Raises
    ------
    ScoresError
        If the groups are not one for each note that the judgement was given.

    """
    if groups is None:
        return np.arange(judgement.notes)
    if len(groups) != len(judgement.kept):
        raise ScoresError(
            f"there are {len(groups)} groups for {len(judgement.kept)} notes, expected one for each note",
            remedy="Take the subjects from the split that the targets come from",
        )
    numbers: dict[Hashable, int] = {}
    alone = (object() if group is None else group for group in groups)
    inside = (group for group, kept in zip(alone, judgement.kept, strict=True) if kept)
    return np.array([numbers.setdefault(group, len(numbers)) for group in inside])


def bootstrap_weights(units: NDArray[np.int64], resamples: int, seed: int) -> Iterator[Doubles]:
    """Draw as many units as there are, with replacement; yield how often each note counts [some, notes].

    The blocks have ``resamples`` rows together. Where one ends changes nothing in the rows.

    Parameters
    ----------
    units
        What is drawn as one, numbered from 0 without gaps [notes].
    resamples
        2 at least.
    seed
        The same seed gives the same rows.

    Raises
    ------
    ScoresError
        If there are fewer than two resamples.

    """
    if resamples < 2:
        raise ScoresError(f"{resamples} resamples show no spread", remedy="Draw 2 at least; 1000 are usual")
    random = np.random.default_rng([seed, 0])
    count = int(units.max()) + 1
    for rows in blocks_of(resamples, len(units)):
        drawn = random.multinomial(count, np.full(count, 1 / count), size=rows)
        yield drawn[:, units].astype(np.float64)


def jackknife_weights(units: NDArray[np.int64], seed: int) -> Doubles:
    """Leave out every unit once; return how often each note then counts [parts, notes].

    Up to 200 units are left out one by one. More of them are dealt to 200 parts at random.

    Parameters
    ----------
    units
        What is left out as one, numbered from 0 without gaps [notes].
    seed
        The same seed gives the same parts.

    """
    count = int(units.max()) + 1
    parts = min(count, _JACKKNIFE_PARTS)
    dealt = np.random.default_rng([seed, 1]).permutation(count) % parts
    stays: NDArray[np.bool_] = dealt[units] != np.arange(parts)[:, np.newaxis]
    return stays.astype(np.float64)


def blocks_of(resamples: int, notes: int) -> Iterator[int]:
    """Yield how many resamples to work on at once, so that memory is bounded."""
    most = max(1, _CELLS_PER_BLOCK // notes)
    for begin in range(0, resamples, most):
        yield min(most, resamples - begin)
