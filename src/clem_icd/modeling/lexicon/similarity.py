"""How much a phrase has in common with the names of a code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from clem_icd.modeling.lexicon.arrays import Floats, Ints, places
from clem_icd.modeling.lexicon.phrases import Phrases
from clem_icd.modeling.lexicon.titles import TitleIndex

__all__ = ["Similarity", "similarity"]


@dataclass(frozen=True, eq=False)
class Similarity:
    """Similarities of the phrase and the code of each pair, from 0 to 1.

    Attributes
    ----------
    to_names
        The share of the phrase that is in any name of the code [pairs].
    of_names
        The share of the code's names that is in the phrase [pairs].
    to_category
        The share of the phrase that is in any name of the code's category [pairs].

    """

    to_names: Floats
    of_names: Floats
    to_category: Floats

    def of_pairs(self, pairs: Ints) -> Similarity:
        """Return the similarities of some pairs only."""
        return Similarity(self.to_names[pairs], self.of_names[pairs], self.to_category[pairs])


def similarity(phrases: Phrases, titles: TitleIndex, categories: Ints) -> Similarity:
    """Return the similarities of all pairs; ``categories`` numbers those of the codes [codes]."""
    vocabulary = titles.sets
    columns = places(vocabulary.stems, phrases.sets.stems)
    known = np.flatnonzero(columns >= 0)
    unknown_weight = vocabulary.rarity.max(initial=1)
    weights = np.where(columns >= 0, vocabulary.rarity[columns], unknown_weight).astype(np.float32)
    # From the stems of phrases to those of names, as weights.
    crossing = csr_matrix(
        (weights[known], (known, columns[known])), shape=(len(columns), len(vocabulary.stems))
    )
    members = phrases.sets.rows
    weighted = (members @ crossing).tocsr()
    totals = (members @ weights)[phrases.of_pair]
    names = titles.stems_of_codes()
    of_category = _of_categories(names, categories)
    common = _common(weighted, phrases.of_pair, names, phrases.codes)
    named = (names @ vocabulary.rarity)[phrases.codes]
    in_category = _common(weighted, phrases.of_pair, of_category, categories[phrases.codes])
    return Similarity(
        (common / np.maximum(totals, 1e-6)).astype(np.float32),
        (common / np.maximum(named, 0.1)).astype(np.float32),
        (in_category / np.maximum(totals, 1e-6)).astype(np.float32),
    )


def _of_categories(names: Any, categories: Ints) -> Any:
    """Return which category has which stems in a name of one of its codes, 0 or 1 [categories, stems]."""
    count = int(categories.max(initial=-1)) + 1
    members = csr_matrix(
        (np.ones(len(categories), dtype=np.float32), (categories, np.arange(len(categories)))),
        shape=(count, len(categories)),
    )
    stems = members @ names
    stems.data[:] = 1
    return stems


_PAIRS_AT_ONCE = 100_000


def _common(one: Any, rows: Ints, other: Any, other_rows: Ints) -> Floats:
    """Return the sums of products of pairs of rows [pairs]."""
    parts = [np.zeros(0, dtype=np.float32)]
    for begin in range(0, len(rows), _PAIRS_AT_ONCE):
        block = slice(begin, begin + _PAIRS_AT_ONCE)
        products = one[rows[block]].multiply(other[other_rows[block]])
        parts.append(np.asarray(products.sum(axis=1), dtype=np.float32).ravel())
    return np.concatenate(parts)
