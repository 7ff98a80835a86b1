"""Words of Greek or Latin origin that are spelled alike in many languages.

A Spanish note says *neumonía* and *colecistitis* where an English title says *pneumonia* and *cholecystitis*.
Both words of such a pair have the same root here: what is left after the usual differences of spelling and
the endings.
"""

from __future__ import annotations

import functools

from clem_icd.modeling.lexicon.language import without_accents

__all__ = ["root"]

_SPELLINGS = (
    ("ph", "f"),
    ("ch", "c"),
    ("th", "t"),
    ("rh", "r"),
    ("y", "i"),
    ("k", "c"),
    ("qu", "c"),
    ("ae", "e"),
    ("oe", "e"),
    ("z", "c"),
    ("x", "s"),
    ("h", ""),
)
_SILENT = ("pn", "ps", "pt")
_SHORTEST_WORD = 5
_SHORTEST_ROOT, _LONGEST_ROOT, _ENDING = 4, 7, 2


@functools.lru_cache(maxsize=500_000)
def root(word: str) -> str:
    """Return the root that a word shares with its cognates; an empty text if it is too short."""
    plain = without_accents(word.lower())
    if len(plain) < _SHORTEST_WORD or not plain.isalpha():
        return ""
    if plain.startswith(_SILENT):
        plain = plain[1:]
    for one, other in _SPELLINGS:
        plain = plain.replace(one, other)
    single = "".join(now for before, now in zip(" " + plain, plain, strict=False) if now != before)
    if len(single) < _SHORTEST_ROOT:
        return ""
    return single[: max(_SHORTEST_ROOT, min(_LONGEST_ROOT, len(single) - _ENDING))]
