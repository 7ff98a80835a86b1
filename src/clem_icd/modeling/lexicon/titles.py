"""The titles and inclusion terms of whole code systems, ready to be found in notes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from clem_icd.icd import Code, CodeSystem, inclusion_terms
from clem_icd.icd.packaged import packaged_titles
from clem_icd.modeling.lexicon.arrays import Ints, Numbers
from clem_icd.modeling.lexicon.coverage import StemSets
from clem_icd.modeling.lexicon.language import Language
from clem_icd.modeling.lexicon.words import read_words

__all__ = ["Name", "TitleIndex", "names_of"]

# In a title, these words tell codes of one category from each other; no note says them.
_UNSAID = frozenset(
    {"unspecified", "other", "specified", "elsewhere", "classified", "nec", "nos"}
    | {"encounter", "initial", "subsequent", "sequela"}
)
_BLANKS = re.compile(r"[\s,]+")


class Name(NamedTuple):
    """A name of a code: its title, or an inclusion term."""

    code: Code
    text: str
    language: Language


def names_of(system: CodeSystem) -> list[Name]:
    """Return the packaged titles and inclusion terms of a code system, in English; none if there are none."""
    names = []
    for value, title in packaged_titles(system).items():
        code = Code(value, system)
        names.append(Name(code, _without_unsaid(title), "en"))
        if system is CodeSystem.ICD10CM:
            names += [Name(code, _without_unsaid(term), "en") for term in inclusion_terms(value)]
    return names


def _without_unsaid(name: str) -> str:
    """Return a name without what no note says: "Pneumonia" for "Pneumonia, unspecified organism"."""
    first, *others = name.split(", ")
    said = [first, *(part for part in others if not part.lower().startswith("unspecified "))]
    return " ".join(word for part in said for word in _BLANKS.split(part) if word.lower() not in _UNSAID)


@dataclass(frozen=True, eq=False)
class TitleIndex:
    """The names of codes as sets of stems.

    Attributes
    ----------
    sets
        A set of stems per group of names that have the same.
    roots
        The root of each stem of the sets, 0 without one [stems].
    codes
        The codes, ascending [codes].
    starts, owners
        The codes of every set, as places in ``codes``, ascending: those of a set begin at its start
        [sets + 1], [owners].

    """

    sets: StemSets
    roots: Numbers
    codes: tuple[Code, ...]
    starts: Ints
    owners: Ints

    @classmethod
    def of(cls, names: Iterable[Name], codes: Iterable[Code] = ()) -> TitleIndex:
        """Return the index of names, and of codes that have none."""
        names = list(names)
        listed = tuple(sorted({*codes, *(name.code for name in names)}))
        place = {code: position for position, code in enumerate(listed)}
        owners: dict[tuple[int, ...], set[int]] = {}
        roots: dict[int, int] = {}
        for name in names:
            words = read_words(name.text, name.language)
            stems = words.stems.tolist()
            roots.update(zip(stems, words.roots.tolist(), strict=True))
            if stems:
                owners.setdefault(tuple(sorted(set(stems))), set()).add(place[name.code])
        sets = StemSets.of([np.array(stems, dtype=np.uint64) for stems in owners])
        groups = [sorted(group) for group in owners.values()]
        return cls(
            sets,
            np.array([roots[stem] for stem in sets.stems.tolist()], dtype=np.uint64),
            listed,
            np.cumsum([0, *map(len, groups)]),
            np.array([owner for group in groups for owner in group], dtype=np.int64),
        )

    def stems_of_codes(self) -> Any:
        """Return which code has which stems in any of its names, 0 or 1 [codes, stems]."""
        counts = np.diff(self.starts)
        rows = csr_matrix(
            (
                np.ones(len(self.owners), dtype=np.float32),
                (self.owners, np.repeat(np.arange(len(counts)), counts)),
            ),
            shape=(len(self.codes), len(counts)),
        )
        stems = rows @ self.sets.rows
        stems.data[:] = 1
        return stems
