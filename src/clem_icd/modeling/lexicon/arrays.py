"""Small operations on arrays that stand for loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

__all__ = [
    "Floats",
    "Ints",
    "Numbers",
    "best_rows",
    "group_starts",
    "incidence",
    "members_of",
    "places",
    "ranges",
]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.uint64]


def ranges(starts: Any, lengths: Any) -> Ints:
    """Return ``start, start + 1, …`` for every pair of a start and a length, one after the other."""
    lengths = np.asarray(lengths, dtype=np.int64)
    before = np.cumsum(lengths) - lengths
    total = int(lengths.sum())
    return np.repeat(np.asarray(starts, dtype=np.int64) - before, lengths) + np.arange(total, dtype=np.int64)


def members_of(starts: Ints, groups: Ints, most: int | None = None) -> tuple[Ints, Ints]:
    """Return the members of some groups, of which each begins at its start.

    Parameters
    ----------
    starts
        Where the members of each group begin, and where the last ones end [all groups + 1].
    groups
        The groups.
    most
        The members of each that are returned at most.

    Returns
    -------
    tuple
        The place of the group in ``groups``, and the place of the member [members].

    """
    counts = starts[groups + 1] - starts[groups]
    if most is not None:
        counts = np.minimum(counts, most)
    return np.repeat(np.arange(len(groups)), counts), ranges(starts[groups], counts)


def places(ordered: Numbers, wanted: Numbers) -> Ints:
    """Return the place of each wanted number in ascending distinct numbers, -1 where it is not there."""
    if not len(ordered):
        return np.full(len(wanted), -1, dtype=np.int64)
    found = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1).astype(np.int64)
    found[ordered[found] != wanted] = -1
    return found


def group_starts(keys: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return where a run of equal keys begins [keys]."""
    starts = np.ones(len(keys), dtype=np.bool_)
    starts[1:] = keys[1:] != keys[:-1]
    return starts


def best_rows(keys: npt.NDArray[Any], values: npt.NDArray[Any]) -> Ints:
    """Return the row with the highest value of every key, by ascending key; the first of several."""
    if not len(keys):
        return np.zeros(0, dtype=np.int64)
    order = np.argsort(keys, kind="stable")
    values = values[order]
    starts = np.flatnonzero(group_starts(keys[order]))
    counts = np.diff(np.append(starts, len(keys)))
    highest = np.flatnonzero(values == np.repeat(np.maximum.reduceat(values, starts), counts))
    return order[highest[np.searchsorted(highest, starts)]].astype(np.int64)


def incidence(rows: list[Ints], columns: int) -> Any:
    """Return a sparse matrix with ones at the given columns of each row [rows, columns]."""
    ends = np.cumsum([0, *map(len, rows)])
    flat = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
    return csr_matrix((np.ones(len(flat), dtype=np.float32), flat, ends), shape=(len(rows), columns))
