"""The synthetic hospital's coding: from conditions and procedures to codes."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from clem_icd.icd import Code, CodeSystem, default_codebook, icd10_to_icd9
from clem_icd.synthetic.vocabulary import Combination, Concept, vocabulary

__all__ = ["code_problems", "icd9_code"]


def code_problems(concepts: Sequence[Concept], icd_version: int) -> list[tuple[Concept, Code]]:
    """Return each concept with its code, in the given order.

    ICD-10 uses the combination codes of the guidelines. In ICD-9, a concept without an equivalent is left
    out: it was not coded, so it is not part of the admission. Of two concepts with the same code, the first
    is kept.
    """
    names = {name for concept in concepts for name in (concept.code, concept.group)}
    coded: dict[Code, Concept] = {}
    for concept in concepts:
        code = _combined(concept, names) if icd_version == 10 else icd9_code(concept)
        if code is not None:
            coded.setdefault(code, concept)
    return [(concept, code) for code, concept in coded.items()]


@functools.lru_cache(maxsize=100_000)
def icd9_code(concept: Concept) -> Code | None:
    """Return the ICD-9 code of a concept, or None if it has none."""
    if concept.system is CodeSystem.ICD10PCS:
        return None if concept.icd9 is None else Code(concept.icd9, CodeSystem.ICD9PCS)
    equivalents = sorted(icd10_to_icd9(concept.code), key=_is_specific)
    return Code(equivalents[0], CodeSystem.ICD9CM) if equivalents else None


def _is_specific(icd9: str) -> bool:
    """Return whether an ICD-9 code is specific; of several GEM equivalents the unspecified one is safest."""
    return "unspecified" not in (default_codebook().title(icd9, CodeSystem.ICD9CM) or "").lower()


def _combined(concept: Concept, names: set[str]) -> Code:
    for rule in _rules().get(concept.code, ()):
        if all(name in names for name in rule.companions):
            return Code(rule.becomes, concept.system)
    return Code(concept.code, concept.system)


@functools.cache
def _rules() -> dict[str, list[Combination]]:
    rules: dict[str, list[Combination]] = {}
    for combination in vocabulary().combinations:
        rules.setdefault(combination.code, []).append(combination)
    return rules
