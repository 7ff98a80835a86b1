"""Which words of a title a word of a note may stand for: itself, cognates, and what was learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from clem_icd.modeling.lexicon.arrays import Ints, Numbers, best_rows, places, ranges
from clem_icd.modeling.lexicon.coverage import StemSets
from clem_icd.modeling.lexicon.translation import Translation
from clem_icd.modeling.lexicon.words import Words

__all__ = ["Links"]

_COGNATE = 0.8
"""How far a word stands for a cognate."""

_COGNATES = 20
"""The most cognates of a word; a root that more words share says little."""


@dataclass(frozen=True, eq=False)
class Links:
    """The links from words of notes to the stems of titles.

    Attributes
    ----------
    sets
        The titles.
    roots
        The distinct roots of their stems, ascending, once per stem [rooted stems].
    rooted
        The stems with these roots, as places in ``sets.stems`` [rooted stems].
    translation
        What was learned, or None.

    """

    sets: StemSets
    roots: Numbers
    rooted: Ints
    translation: Translation | None

    @classmethod
    def to(cls, sets: StemSets, roots: Numbers, translation: Translation | None = None) -> Links:
        """Return links to the stems of titles, given their roots [stems]."""
        order = np.argsort(roots, kind="stable")
        order = order[roots[order] != 0].astype(np.int64)
        return cls(sets, roots[order], order, translation)

    def of(self, words: Words) -> Any:
        """Return how far each distinct stem of a note stands for each one of titles [distinct, stems]."""
        distinct, first = np.unique(words.stems, return_index=True)
        parts = [self._same(distinct), self._cognate(words.roots[first])]
        if self.translation is not None:
            parts.append(self._learned(distinct, self.translation))
        rows, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
        width = len(self.sets.stems)
        cells = rows * width + columns
        best = best_rows(cells, values)
        return csr_matrix(
            (values[best].astype(np.float32), (rows[best], columns[best])), shape=(len(distinct), width)
        )

    def _same(self, stems: Numbers) -> tuple[Ints, Ints, Any]:
        columns = places(self.sets.stems, stems)
        rows = np.flatnonzero(columns >= 0)
        return rows, columns[rows], np.ones(len(rows))

    def _cognate(self, roots: Numbers) -> tuple[Ints, Ints, Any]:
        low = np.searchsorted(self.roots, roots, "left")
        high = np.searchsorted(self.roots, roots, "right")
        counts = np.where(roots == 0, 0, np.minimum(high - low, _COGNATES))
        columns = self.rooted[ranges(low, counts)]
        return np.repeat(np.arange(len(roots)), counts), columns, np.full(len(columns), _COGNATE)

    def _learned(self, stems: Numbers, translation: Translation) -> tuple[Ints, Ints, Any]:
        rows, targets, values = translation.of(stems)
        columns = places(self.sets.stems, targets)
        known = columns >= 0
        return rows[known], columns[known], values[known]
