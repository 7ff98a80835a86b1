"""Phrases that training notes connect with codes, and where a note has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from clem_icd.modeling.lexicon.arrays import Floats, Ints, Numbers, members_of, places
from clem_icd.modeling.lexicon.coverage import StemSets, same_stems, stretches
from clem_icd.modeling.lexicon.grams import run_number, runs_in
from clem_icd.modeling.lexicon.words import Words

__all__ = ["Matches", "PhraseMatches", "Phrases", "exact_matches", "nested"]

_PARTIAL = 0.6
"""The smallest share of a phrase that is a match."""

_WHOLE = 0.999
"""From here on, a phrase is found with all of its words; sums are rounded."""

_WIDTH, _STRIDE = 32, 16
"""Words that are looked through at once for a phrase that is interrupted or in another order."""


class Matches(NamedTuple):
    """Phrases in a note.

    Attributes
    ----------
    phrases
        Their places in the `Phrases` [matches].
    begins, ends
        The first word of each, and the one after its last [matches].
    coverage
        How much of the phrase is there, up to 1 [matches].

    """

    phrases: Ints
    begins: Ints
    ends: Ints
    coverage: Floats

    def rows(self, chosen: Ints) -> Matches:
        """Return some of the matches."""
        return Matches(self.phrases[chosen], self.begins[chosen], self.ends[chosen], self.coverage[chosen])


class PhraseMatches(NamedTuple):
    """The phrases of a note by how they were found.

    Attributes
    ----------
    exact
        Word by word, as often as they occur.
    scattered
        All words of a sentence's stretch, in any order, once per phrase; includes exact ones.
    partial
        Most words, once per phrase.

    """

    exact: Matches
    scattered: Matches
    partial: Matches


@dataclass(frozen=True, eq=False)
class Phrases:
    """Phrases with the codes that each may stand for.

    Attributes
    ----------
    numbers
        The number of each phrase, as `run_number` gives it, ascending [phrases].
    lengths
        Its words [phrases].
    sets
        Its stems without their order [phrases].
    starts, codes
        The codes of each phrase, as places in the code space, ascending: those of a phrase begin at its start
        [phrases + 1], [pairs].

    """

    numbers: Numbers
    lengths: Ints
    sets: StemSets
    starts: Ints
    codes: Ints

    @classmethod
    def of(cls, pairs: Iterable[tuple[tuple[int, ...], int]]) -> Phrases:
        """Return the phrases of pairs of stems, in their order, and a code; pairs may repeat."""
        codes_of: dict[tuple[int, ...], set[int]] = {}
        for stems, code in pairs:
            codes_of.setdefault(stems, set()).add(code)
        arrays = {stems: np.array(stems, dtype=np.uint64) for stems in codes_of}
        by_number = sorted(codes_of, key=lambda stems: int(run_number(arrays[stems])))
        groups = [sorted(codes_of[stems]) for stems in by_number]
        return cls(
            np.array([run_number(arrays[stems]) for stems in by_number], dtype=np.uint64),
            np.array([len(stems) for stems in by_number], dtype=np.int64),
            StemSets.of([arrays[stems] for stems in by_number]),
            np.cumsum([0, *map(len, groups)], dtype=np.int64),
            np.array([code for group in groups for code in group], dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def of_pair(self) -> Ints:
        """The phrase of every pair [pairs]."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def pairs_of(self, phrases: Ints) -> tuple[Ints, Ints]:
        """Return the pairs of some phrases: the place of the phrase in ``phrases``, and of the pair."""
        return members_of(self.starts, phrases)

    def with_pairs(self, pairs: Ints) -> tuple[Phrases, Ints]:
        """Return the phrases of some pairs, ascending, without all others; and their places here."""
        phrases, counts = np.unique(self.of_pair[pairs], return_counts=True)
        kept = Phrases(
            self.numbers[phrases],
            self.lengths[phrases],
            self.sets.subset(phrases),
            np.cumsum([0, *counts], dtype=np.int64),
            self.codes[pairs],
        )
        return kept, phrases

    def found_in(self, words: Words, *, loose: bool, denied: Any = None) -> PhraseMatches:
        """Return where a note has the phrases.

        Parameters
        ----------
        words
            The note.
        loose
            Whether phrases are also looked for with their words apart, and in part.
        denied
            The words that a mention should not have if it has an equal elsewhere [words].

        """
        exact = exact_matches(self.numbers, words, int(self.lengths.max(initial=1)))
        if not loose:
            none = exact.rows(np.zeros(0, dtype=np.int64))
            return PhraseMatches(exact, none, none)
        where, links = stretches(words, _WIDTH, _STRIDE), same_stems(words, self.sets)
        if denied is not None:
            where = where.by_count(denied)
        sets = self.sets.found_in(words, where, links, _PARTIAL)
        begins, ends = self.sets.spans_of(words, where, links, sets)
        several = self.lengths[sets.sets] > 1
        whole = sets.coverage > _WHOLE
        apart = Matches(sets.sets, begins, ends, sets.coverage)
        return PhraseMatches(
            exact,
            apart.rows(np.flatnonzero(several & whole)),
            apart.rows(np.flatnonzero(several & ~whole)),
        )


def exact_matches(numbers: Numbers, words: Words, longest: int) -> Matches:
    """Return where a note has phrases word by word, given their numbers, ascending, and the most words."""
    runs = runs_in(words, longest)
    found = places(numbers, runs.numbers)
    known = np.flatnonzero(found >= 0)
    return Matches(found[known], runs.begins[known], runs.ends[known], np.ones(len(known), dtype=np.float32))


def nested(matches: Matches) -> Any:
    """Return which matches are inside a longer one [matches]."""
    nested = np.zeros(len(matches.phrases), dtype=np.bool_)
    order = np.lexsort((-matches.ends, matches.begins))
    reached = np.maximum.accumulate(matches.ends[order])
    nested[order[1:]] = reached[:-1] >= matches.ends[order][1:]
    return nested
