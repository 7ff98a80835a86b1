"""Everything that proposals rest on: learned from all training notes, or from all but one fold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from clem_icd.modeling.lexicon.arrays import Floats, Ints
from clem_icd.modeling.lexicon.code_space import CodeSpace
from clem_icd.modeling.lexicon.links import Links
from clem_icd.modeling.lexicon.phrases import Phrases
from clem_icd.modeling.lexicon.similarity import Similarity
from clem_icd.modeling.lexicon.tallies import Tallies
from clem_icd.modeling.lexicon.titles import TitleIndex
from clem_icd.modeling.lexicon.translation import Pair, Translation, learn_translation

__all__ = ["Knowledge"]

_NAMES = 3
"""The names of a code that its phrases are paired with, at most."""


@dataclass(frozen=True, eq=False)
class Knowledge:
    """Phrases, titles and what training notes say about them.

    Attributes
    ----------
    phrases
        The phrases with the codes that the training notes support.
    similarity, titles, space
        Of their pairs; the names of all codes, and what is known of these without notes.
    tallies
        Of the training notes that this knowledge rests on.
    links
        From words of notes to words of titles.
    marked
        Whether coders marked the phrases. Only such phrases are also found with their words apart, and in
        part: runs that were mined gain nothing from it.

    """

    phrases: Phrases
    similarity: Similarity
    titles: TitleIndex
    space: CodeSpace
    tallies: Tallies
    links: Links
    marked: bool

    @classmethod
    def of(
        cls,
        phrases: Phrases,
        similarity: Similarity,
        titles: TitleIndex,
        space: CodeSpace,
        tallies: Tallies,
        *,
        marked: bool,
    ) -> Knowledge:
        """Return what tallies teach; ``marked`` says whether annotations are coders' own.

        Phrases that these notes do not support are left out altogether. Otherwise how rare a word is among
        phrases, and which phrase is the longest, would tell what the fold that is left out is coded with.
        """
        pairs = np.flatnonzero(tallies.valid(phrases, marked=marked))
        phrases, places = phrases.with_pairs(pairs)
        tallies, similarity = tallies.of_pairs(places, pairs), similarity.of_pairs(pairs)
        translation = learn_translation(_pairs(phrases, titles, tallies, marked=marked))
        return cls.assembled(phrases, similarity, titles, space, tallies, translation, marked=marked)

    @classmethod
    def assembled(
        cls,
        phrases: Phrases,
        similarity: Similarity,
        titles: TitleIndex,
        space: CodeSpace,
        tallies: Tallies,
        translation: Translation | None,
        *,
        marked: bool,
    ) -> Knowledge:
        """Return knowledge with a translation that was learned before."""
        links = Links.to(titles.sets, titles.roots, translation)
        return cls(phrases, similarity, titles, space, tallies, links, marked)

    @cached_property
    def category_notes(self) -> Floats:
        """The notes with a code of the same category, once per such code [codes]."""
        return _group_sums(self.space.categories, self.tallies.with_code)

    @cached_property
    def chapter_notes(self) -> Floats:
        """The notes with a code that begins with the same character, once per such code [codes]."""
        return _group_sums(self.space.chapters, self.tallies.with_code)


def _group_sums(groups: Ints, values: Floats) -> Floats:
    return np.bincount(groups, weights=values)[groups].astype(np.float32)


def _pairs(
    phrases: Phrases,
    titles: TitleIndex,
    tallies: Tallies,
    *,
    marked: bool,
) -> list[Pair]:
    """Return phrases with the names of their codes, weighted by how sure it is that they mean the same."""
    share = tallies.exact_both / (tallies.exact[phrases.of_pair] + 0.5)
    weights = tallies.annotated if marked else tallies.exact_both * share**2
    owned = np.argsort(titles.owners, kind="stable")
    first = np.searchsorted(titles.owners[owned], np.arange(len(titles.codes) + 1))
    set_of_owner = np.repeat(np.arange(len(titles.starts) - 1), np.diff(titles.starts))
    members, phrase_members = titles.sets.rows, phrases.sets.rows
    pairs: list[Pair] = []
    of_pair = phrases.of_pair
    for pair in np.flatnonzero(weights > 0):
        code = phrases.codes[pair]
        names = set_of_owner[owned[first[code] : first[code + 1]]][:_NAMES]
        stems = phrases.sets.stems[_row(phrase_members, of_pair[pair])]
        for name in names:
            title = titles.sets.stems[_row(members, name)]
            pairs.append((stems, title, float(weights[pair]) / len(names)))
    return pairs


def _row(matrix: object, row: int) -> npt.NDArray[np.int32]:
    starts = matrix.indptr  # type: ignore[attr-defined]
    columns: npt.NDArray[np.int32] = matrix.indices[starts[row] : starts[row + 1]]  # type: ignore[attr-defined]
    return columns
