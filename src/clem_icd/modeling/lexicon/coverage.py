"""Sets of stems, and how much of each is found in a stretch of a note.

A set is a title or a phrase without its order. Words count by their rarity, so `coverage` is the share of a
set's weight that a stretch contains: 1 if it has every word.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix

from clem_icd.modeling.lexicon.arrays import Floats, Ints, Numbers, best_rows, group_starts, places, ranges
from clem_icd.modeling.lexicon.words import Words

__all__ = ["Found", "StemSets", "Stretches", "same_stems", "stretches"]


class Stretches(NamedTuple):
    """Stretches of words within sentences: the first word of each, and the one after its last [stretches]."""

    begins: Ints
    ends: Ints

    def by_count(self, marked: Any) -> Stretches:
        """Return those with the fewest marked words first, else in their order; ``marked`` is [words]."""
        before = np.concatenate([[0], np.cumsum(marked)])
        order = np.argsort(before[self.ends] - before[self.begins], kind="stable")
        return Stretches(self.begins[order], self.ends[order])


def stretches(words: Words, width: int, stride: int) -> Stretches:
    """Return stretches of up to ``width`` words that begin every ``stride`` words of a sentence."""
    if not len(words):
        return Stretches(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    first = np.flatnonzero(group_starts(words.sentences))
    last = np.append(first[1:], len(words))
    # Enough of them that the last reaches the end of the sentence.
    counts = 1 + np.maximum(0, -(-(last - first - width) // stride))
    begins = np.repeat(first, counts) + stride * ranges(np.zeros(len(counts)), counts)
    return Stretches(begins, np.minimum(begins + width, np.repeat(last, counts)))


class Found(NamedTuple):
    """Sets found in a note, each where most of it is.

    Attributes
    ----------
    sets
        Their places in the `StemSets`, ascending [found].
    coverage
        The share of the set's weight that is there, up to 1 [found].
    stretch
        The number of the stretch [found].

    """

    sets: Ints
    coverage: Floats
    stretch: Ints


@dataclass(frozen=True, eq=False)
class StemSets:
    """Sets of stems, with the weight of every stem.

    Attributes
    ----------
    stems
        The stems that occur, ascending [stems].
    rarity
        Their weights: the logarithm of the inverse share of sets with them [stems].
    members
        Which set has which stems, 0 or 1, by columns [sets, stems].
    weights
        The weight of each set: the sum over its stems [sets].

    """

    stems: Numbers
    rarity: Floats
    members: Any
    weights: Floats

    @classmethod
    def of(cls, sets: list[Numbers]) -> StemSets:
        """Return distinct stems of each of the given sets, which are not empty."""
        lengths = [len(one) for one in sets]
        flat = np.concatenate(sets) if sets else np.zeros(0, dtype=np.uint64)
        stems, columns = np.unique(flat, return_inverse=True)
        return cls.from_parts(stems, np.cumsum([0, *lengths]), columns)

    @classmethod
    def from_parts(cls, stems: Numbers, starts: Ints, columns: Ints) -> StemSets:
        """Return sets whose stems have the given columns; those of a set begin at its start [sets + 1]."""
        ones = np.ones(len(columns), dtype=np.float32)
        rows = csr_matrix((ones, columns, starts), shape=(len(starts) - 1, len(stems)))
        rows.sum_duplicates()
        rows.data[:] = 1
        frequency = np.bincount(rows.indices, minlength=len(stems))
        rarity = np.log((rows.shape[0] + 1) / (frequency + 0.5)).clip(0.1).astype(np.float32)
        return cls(stems, rarity, csc_matrix(rows), (rows @ rarity).astype(np.float32))

    def subset(self, sets: Ints) -> StemSets:
        """Return some of the sets, with the rarity of stems among these."""
        rows = self.rows[sets]
        used, columns = np.unique(rows.indices, return_inverse=True)
        return StemSets.from_parts(self.stems[used], rows.indptr, columns)

    @cached_property
    def rows(self) -> Any:
        """``members`` by rows [sets, stems]."""
        return self.members.tocsr()

    @cached_property
    def sizes(self) -> Ints:
        """The number of stems of each set [sets]."""
        counts = np.bincount(self.members.indices, minlength=self.members.shape[0])
        return counts.astype(np.int64)

    def found_in(self, words: Words, where: Stretches, links: Any, least: float) -> Found:
        """Return the sets of which at least a share is in one of the stretches.

        Parameters
        ----------
        words
            The note.
        where
            The stretches to look at.
        links
            How far each distinct stem of the note, ascending, stands for each stem of the sets, from 0 to 1
            [distinct stems of the note, stems].
        least
            The smallest coverage.

        """
        distinct, of_word = np.unique(words.stems, return_inverse=True)
        used = np.unique(links.indices)
        used_links = links[:, used]
        rare = self._within_reach(used, used_links, least)
        highest = np.full(len(self.weights), least - 1e-6, dtype=np.float32)
        stretch = np.full(len(self.weights), -1, dtype=np.int64)
        for first in range(0, len(where.begins), _BLOCK):
            begins, ends = where.begins[first : first + _BLOCK], where.ends[first : first + _BLOCK]
            rows = np.repeat(np.arange(len(begins)), ends - begins)
            columns = of_word[ranges(begins, ends - begins)]
            there = _present(rows, columns, (len(begins), len(distinct))) @ used_links
            there.data = np.minimum(there.data, 1)
            found = (there @ rare).tocoo()
            coverage = (found.data / self.weights[found.col]).astype(np.float32)
            better = np.flatnonzero(coverage > highest[found.col])
            best = better[best_rows(found.col[better], coverage[better])]
            highest[found.col[best]] = coverage[best]
            stretch[found.col[best]] = first + found.row[best]
        sets = np.flatnonzero(stretch >= 0)
        return Found(sets, np.minimum(highest[sets], 1), stretch[sets])

    def _within_reach(self, used: Ints, links: Any, least: float) -> Any:
        """Return the rarity of the stems that a note has, in the sets of which it has enough [used, sets].

        No stretch has more of a set than the whole note, and most sets with one word of a note lack the rest.
        """
        members = self.members[:, used]
        counts = np.diff(members.indptr)
        there = np.bincount(links.indices, weights=links.data, minlength=len(used)).clip(max=1)
        parts = np.repeat(there * self.rarity[used], counts)
        reach = np.bincount(members.indices, weights=parts, minlength=len(self.weights))
        kept = (reach > (least - _ROUNDING) * self.weights)[members.indices]
        before = np.concatenate([[0], np.cumsum(kept)])
        rarity = np.repeat(self.rarity[used], counts)[kept]
        return csr_matrix(
            (rarity, members.indices[kept], before[members.indptr]), shape=(len(used), len(self.weights))
        )

    def spans_of(self, words: Words, where: Stretches, links: Any, found: Found) -> tuple[Ints, Ints]:
        """Return the first word of every set that was found, and the one after its last [found]."""
        if not len(found.sets):
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        width = int((where.ends - where.begins).max())
        grid = where.begins[found.stretch][:, None] + np.arange(width)
        inside = grid < where.ends[found.stretch][:, None]
        linked = (self.rows[found.sets] @ links.T).tocsr()
        _, of_word = np.unique(words.stems, return_inverse=True)
        columns = of_word[np.minimum(grid, len(words) - 1)]
        rows = np.repeat(np.arange(len(found.sets)), width)
        hit = np.asarray(linked[rows, columns.ravel()]).reshape(grid.shape) > _LINKED
        hit &= inside
        begins = np.where(hit, grid, np.iinfo(np.int64).max).min(axis=1)
        ends = np.where(hit, grid + 1, 0).max(axis=1)
        return np.minimum(begins, ends), ends


def _present(rows: Ints, columns: Ints, shape: tuple[int, int]) -> Any:
    """Return a sparse matrix with a one at each of the given places, which may recur."""
    matrix = csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix


_BLOCK = 1000
"""Stretches that are looked at together: in a long note, all of them would fill the memory."""

_ROUNDING = 1e-4
"""Sums of weights in another order differ by less."""

_LINKED = 0.2
"""From here on, a word counts as one of the set's when its place in the text is looked for."""


def same_stems(words: Words, sets: StemSets) -> Any:
    """Return the links of a note with sets in its own words: every stem stands for itself alone."""
    distinct = np.unique(words.stems)
    columns = places(sets.stems, distinct)
    known = np.flatnonzero(columns >= 0)
    ones = np.ones(len(known), dtype=np.float32)
    return csr_matrix((ones, (known, columns[known])), shape=(len(distinct), len(sets.stems)))
