"""The names of all codes of a system, indexed by the beginnings of their words."""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clem_icd.icd.code import undot
from clem_icd.icd.packaged import packaged_titles
from clem_icd.icd.systems import CodeSystem
from clem_icd.icd.tabular import has_seventh_character, in_tabular, tabular_includes, tabular_inclusion_terms
from clem_icd.icd.terms import is_billable

__all__ = ["Names", "names_of", "words_in"]

_WORD = re.compile(r"[^\W_]+")
# "Hypertension (arterial) (benign)": the disease is the same without these.
# "Pneumonia, unspecified organism" is pneumonia.
_NONESSENTIAL = re.compile(r"\([^)]*\)|\[[^\]]*\]|, unspecified (?:organism|site|type)")
# Words that say nothing about how much of a name was typed.
_FILLERS = frozenset(
    ("a", "an", "and", "by", "due", "elsewhere", "for", "in", "nec", "nos", "not", "of", "on", "or")
).union(("otherwise", "specified", "the", "to", "unspecified", "with"))
_COMPLETIONS = 3
_LAST = "\U0010ffff"

Ints = NDArray[np.int32]


def words_in(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return _WORD.findall(text.lower())


class Names:
    """The titles and inclusion terms of the codes of a system.

    Attributes
    ----------
    codes
        The codes in their order, dotted [codes].
    texts, owners
        The names, and the places of their codes [names].
    is_title
        Whether a name is the title [names].
    sizes
        The number of words of a name that matter [names].
    billable
        Whether a code may be billed [codes].

    """

    def __init__(self, system: CodeSystem) -> None:
        titles = packaged_titles(system)
        self.codes = sorted(titles)
        self.undotted = [undot(code) for code in self.codes]
        rows = [
            (at, name, rank == 0)
            for at, code in enumerate(self.codes)
            for rank, name in enumerate((titles[code], *_terms(code, system)))
        ]
        self.texts: list[str] = [name for _, name, _ in rows]
        self.owners: Ints = np.array([at for at, *_ in rows], dtype=np.int32)
        self.is_title = np.array([is_title for *_, is_title in rows], dtype=np.bool_)
        billable = [is_billable(code, system) is not False for code in self.codes]
        self.billable = np.array(billable, dtype=np.bool_)
        self.sizes: Ints = np.array([_size(text) for text in self.texts], dtype=np.int32)
        self._words, self._starts, self._holders, self._first = _inverted(self.texts)

    def holding(self, words: Sequence[str]) -> Ints:
        """Return the names in which every one of some words begins a word, ascending."""
        found: NDArray[np.bool_] | None = None
        for word in words:
            mask = np.zeros(len(self.texts), dtype=np.bool_)
            mask[self._holders[self._between(word, word + _LAST)]] = True
            found = mask if found is None else found & mask
        return np.flatnonzero(found).astype(np.int32) if found is not None else np.zeros(0, dtype=np.int32)

    def with_word(self, word: str) -> Ints:
        """Return the names with a whole word."""
        return self._holders[self._between(word, word + "\0")]

    def beginning_with(self, word: str) -> Ints:
        """Return the names whose first word begins with a text."""
        rows = self._between(word, word + _LAST)
        return self._holders[rows][self._first[rows]]

    def coded(self, beginning: str) -> range:
        """Return the places of the codes that begin with some characters, without dots."""
        return range(bisect_left(self.undotted, beginning), bisect_left(self.undotted, beginning + _LAST))

    def completed(self, beginning: str) -> list[str]:
        """Return the most frequent words that begin so."""
        first, last = bisect_left(self._words, beginning), bisect_left(self._words, beginning + _LAST)
        counts = np.diff(self._starts[first : last + 1])
        return [self._words[first + int(at)] for at in np.argsort(-counts, kind="stable")[:_COMPLETIONS]]

    def _between(self, low: str, high: str) -> slice:
        first, last = bisect_left(self._words, low), bisect_left(self._words, high)
        return slice(int(self._starts[first]), int(self._starts[last]))


@functools.cache
def names_of(system: CodeSystem) -> Names:
    """Return the names of a system's codes; built on first use, in about a second."""
    return Names(system)


def _terms(code: str, system: CodeSystem) -> list[str]:
    if system is not CodeSystem.ICD10CM or not in_tabular(code) or has_seventh_character(code):
        return []
    return [*tabular_inclusion_terms(code), *tabular_includes(code)]


def _size(text: str) -> int:
    return sum(word not in _FILLERS for word in words_in(_NONESSENTIAL.sub(" ", text)))


def _inverted(texts: Sequence[str]) -> tuple[list[str], Ints, Ints, NDArray[np.bool_]]:
    """Return the words in order, where the rows of each begin, and its names with whether it comes first."""
    holders: dict[str, list[int]] = {}
    for at, text in enumerate(texts):
        for place, word in enumerate(dict.fromkeys(words_in(text))):
            holders.setdefault(word, []).append(2 * at + (place == 0))
    words = sorted(holders)
    starts = np.concatenate([[0], np.cumsum([len(holders[word]) for word in words])]).astype(np.int32)
    rows = np.concatenate([np.array(holders[word], dtype=np.int32) for word in words])
    return words, starts, rows // 2, (rows % 2).astype(np.bool_)
