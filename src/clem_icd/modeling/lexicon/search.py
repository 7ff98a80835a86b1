"""Codes without any training data: titles and inclusion terms of a code system, found in a note.

The order of the codes is that of a search engine. A name counts more the more of it is in the note, the
rarer its words, and the closer they stand together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from clem_icd.decisions import Threshold
from clem_icd.errors import InputError
from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling.info import ModelInfo
from clem_icd.modeling.lexicon.arrays import Floats, Ints, best_rows, members_of, places
from clem_icd.modeling.lexicon.cached import cached_titles
from clem_icd.modeling.lexicon.coverage import same_stems, stretches
from clem_icd.modeling.lexicon.language import Language
from clem_icd.modeling.lexicon.links import Links
from clem_icd.modeling.lexicon.title_files import write_titles
from clem_icd.modeling.lexicon.titles import TitleIndex
from clem_icd.modeling.lexicon.words import Words, read_words
from clem_icd.modeling.system import NoteScores, Span

__all__ = ["SEARCHED", "TitleSearch", "open_title_search"]

SEARCHED = (CodeSystem.ICD10CM, CodeSystem.ICD10PCS, CodeSystem.ICD9CM, CodeSystem.ICD9PCS)
"""The code systems with packaged titles."""

# Chosen on CodiEsp English dev: docs/results/title-search.md.
_WIDTH, _STRIDE = 8, 3
_LEAST = 0.3
_NEXT_CODE = 0.5
_CATEGORY = 0.6


class _Hits(NamedTuple):
    """Codes found in a note, ascending, each with its best name: [codes] for every field."""

    codes: Ints
    scores: Floats
    begins: Ints
    ends: Ints


@dataclass(frozen=True, eq=False)
class TitleSearch:
    """A system that ranks all codes of an index by how much of their names is in a note.

    Its scores are between 0 and 1 and order the codes; they are not probabilities.

    Attributes
    ----------
    index
        The names, in English.
    language
        The language of the notes. Words of another language than English also stand for their cognates.
    preferences
        How much the score of a name counts for each of its codes, from 0 to 1 [owners].

    """

    index: TitleIndex
    language: Language
    preferences: Floats

    @classmethod
    def of(cls, index: TitleIndex, language: Language) -> TitleSearch:
        """Return the search in an index for notes of a language."""
        return cls(index, language, _preferences(index))

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        """Yield the scores of every text, in order."""
        for text in texts:
            hits = self._hits(read_words(text, self.language))
            scores = np.zeros(len(self.index.codes), dtype=np.float32)
            scores[hits.codes] = hits.scores
            yield NoteScores(scores)

    def spans(self, text: str, labels: Sequence[int]) -> list[tuple[Span, ...]]:
        """Return where the best name of each code is: one span, or none if it was not found [labels]."""
        words = read_words(text, self.language)
        hits = self._hits(words)
        found = places(hits.codes.astype(np.uint64), np.array(labels, dtype=np.uint64))
        return [(self._span(words, hits, at),) if at >= 0 else () for at in found.tolist()]

    def save(self, folder: Path) -> None:
        """Write the index into an existing folder."""
        write_titles(self.index, folder)

    def _hits(self, words: Words) -> _Hits:
        index, sets = self.index, self.index.sets
        where, links = stretches(words, _WIDTH, _STRIDE), self._links(words)
        found = sets.found_in(words, where, links, _LEAST)
        begins, ends = sets.spans_of(words, where, links, found)
        together = sets.sizes[found.sets] * found.coverage / np.maximum(1, ends - begins)
        scores = found.coverage**3 * np.sqrt(sets.weights[found.sets] * np.minimum(1, together))
        name, owners = members_of(index.starts, found.sets)
        values = scores[name] * self.preferences[owners]
        best = best_rows(index.owners[owners], values)
        return _Hits(
            index.owners[owners[best]],
            (values[best] / (1 + values[best])).astype(np.float32),
            begins[name[best]],
            ends[name[best]],
        )

    def _links(self, words: Words) -> Any:
        if self.language == "en":
            return same_stems(words, self.index.sets)
        return self._cognates.of(words)

    @cached_property
    def _cognates(self) -> Links:
        return Links.to(self.index.sets, self.index.roots)

    @staticmethod
    def _span(words: Words, hits: _Hits, at: int) -> Span:
        first, last = hits.begins[at], max(hits.begins[at], hits.ends[at] - 1)
        return Span(int(words.begins[first]), int(words.ends[last]), float(hits.scores[at]))


def open_title_search(system: CodeSystem, language: Language = "en") -> tuple[TitleSearch, ModelInfo]:
    """Return a search in the packaged titles of a code system, and what its scores mean.

    No code is ever assigned. The index is built at the first call and kept in the cache of the user.

    Raises
    ------
    InputError
        If no titles of the code system are packaged.

    """
    if system not in SEARCHED:
        raise InputError(
            f"no titles of {system.value} are packaged",
            remedy=f"Search one of {', '.join(one.value for one in SEARCHED)}, or name a model folder",
        )
    index, titles = cached_titles(system)
    info = ModelInfo(
        system="title-search",
        labels=index.codes,
        titles=titles,
        # No score exceeds it.
        rule=Threshold(1.0),
        threshold_policy="none: a search assigns no code",
        label_space=system,
    )
    return TitleSearch.of(index, language), info


def _preferences(index: TitleIndex) -> Floats:
    """Return how much a name counts for each of its codes [owners].

    Of codes with the same name, the first is a code that can be billed, then the shortest, then one that
    ends in 9 or 0, which stand for "unspecified" by convention: I21.9 before I21. Each further code counts
    half as much.
    """
    category = _categories(index.codes)
    lengths = np.array([len(code.value) for code in index.codes], dtype=np.int64)
    last = np.array(["90".find(code.value[-1]) % 3 for code in index.codes], dtype=np.int64)
    owners = index.owners
    counts = np.diff(index.starts)
    name = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((owners, last[owners], lengths[owners], category[owners], name))
    # The rows of a name stay together, so that the rank is the distance from its first row.
    ranks = np.arange(len(owners)) - np.repeat(index.starts[:-1], counts)
    preferences = np.empty(len(owners), dtype=np.float32)
    preferences[order] = _NEXT_CODE ** np.minimum(ranks, 30)
    preferences[category[owners]] *= _CATEGORY
    return preferences


def _categories(codes: tuple[Code, ...]) -> Any:
    """Return which of the ascending codes have a longer one below them [codes]."""
    following = [*(code.value for code in codes[1:]), ""]
    return np.array(
        [after.startswith(code.value) for code, after in zip(codes, following, strict=True)], dtype=np.bool_
    )
