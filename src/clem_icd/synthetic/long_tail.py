"""The long tail: any billable ICD-10-CM code, under its title and inclusion terms, with Zipf-like frequency.

The ranking of the codes by frequency is the same in every synthetic hospital, whatever its seed. Codes of
pregnancy and the perinatal period are left out: the hospital has no obstetric or neonatal ward.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from bisect import bisect
from random import Random

from clem_icd.icd import CodeSystem, category, clinical_forms, default_codebook, leaf_codes
from clem_icd.synthetic.phrases import Phrase
from clem_icd.synthetic.vocabulary import Concept, vocabulary

__all__ = ["draw_rare", "rare_concept"]

# Rough distribution of an adult hospital's diagnoses over the chapters, by first letter.
_SHARES = {
    "A": 2, "B": 2, "C": 6, "D": 6, "E": 7, "F": 6, "G": 6, "H": 3, "I": 14, "J": 9, "K": 11, "L": 4,
    "M": 8, "N": 8, "Q": 1, "R": 8, "S": 5, "T": 4, "V": 0.5, "W": 1, "X": 0.5, "Y": 0.5, "Z": 8,
}  # fmt: skip
_ZIPF_EXPONENT = 1.05
_ZIPF_OFFSET = 30.0  # keeps the most frequent of these codes at about one admission in a hundred
_EASY_TITLE = 20  # characters; a code with a longer title is rarer
_LATER_ENCOUNTER = 0.05  # patients are seldom admitted for the follow-up of an injury

_KINDS = {"A": "acute", "B": "acute", "J": "acute", "R": "acute", "S": "acute", "T": "acute"} | dict.fromkeys(
    "VWXYZ", "status"
)
_PLACES = dict.fromkeys("VWXY", ("hpi",)) | {"Z": ("history",)}
_FEMALE = re.compile(r"C5[1-8]|D2[5-8]|N7|N8[0-9]|N9[0-8]")
_MALE = re.compile(r"C6[0-3]|D29|N4|N5[0-3]")
# Braces and @ are template markup; no title contains them today, but a future one might.
_MARKUP = re.compile(r"[{}@]")


def draw_rare(rng: Random) -> Concept:
    """Draw a code of the long tail, more frequent codes more often."""
    codes, cumulative = _ranking()
    return rare_concept(codes[bisect(cumulative, rng.random() * cumulative[-1])])


@functools.lru_cache(maxsize=100_000)
def rare_concept(code: str) -> Concept:
    """Return a billable ICD-10-CM code as a concept that a physician may write about."""
    return Concept(
        code=code,
        system=CodeSystem.ICD10CM,
        kind=_KINDS.get(code[0], "chronic"),
        group=category(code, CodeSystem.ICD10CM),
        forms=tuple(Phrase(_MARKUP.sub("", form)) for form in clinical_forms(code)),
        places=_PLACES.get(code[0], ()),
        sex="F" if _FEMALE.match(code) else "M" if _MALE.match(code) else None,
    )


@functools.cache
def _ranking() -> tuple[list[str], list[float]]:
    rng = Random("the tail of the synthetic hospital")
    curated = {concept.code for concept in vocabulary().conditions}
    codes = [code for code in leaf_codes() if code[0] in _SHARES and code not in curated]
    common = {code: _commonness(code) for code in codes}
    sizes: dict[str, float] = {}
    for code in codes:
        sizes[code[0]] = sizes.get(code[0], 0.0) + common[code]
    # Exponential clocks: sorting the codes by their ringing times gives a weighted random order.
    clocks = {
        code: -math.log(1.0 - rng.random()) * sizes[code[0]] / (_SHARES[code[0]] * common[code])
        for code in codes
    }
    ranked = sorted(codes, key=clocks.__getitem__)
    weights = (1.0 / (rank + _ZIPF_OFFSET) ** _ZIPF_EXPONENT for rank in range(len(ranked)))
    return ranked, list(itertools.accumulate(weights))


def _commonness(code: str) -> float:
    later = len(code) == 8 and code[-1] not in "ABC"
    title = default_codebook().title(code, CodeSystem.ICD10CM) or ""
    return (_LATER_ENCOUNTER if later else 1.0) / ((len(code) - 2) * (_EASY_TITLE + len(title)))
