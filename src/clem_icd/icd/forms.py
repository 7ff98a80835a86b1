"""Clinical wordings of ICD-10-CM codes: official names and their common abbreviations."""

from __future__ import annotations

import re

from clem_icd.icd.codebook import default_codebook
from clem_icd.icd.systems import CodeSystem
from clem_icd.icd.terms import inclusion_terms

__all__ = ["clinical_forms"]

_LONGEST_FORM = 110  # characters
_MOST_FORMS = 5

_NOT_A_NAME = re.compile(r"classifiable|[A-Z]\d\d|\bcode\b", re.IGNORECASE)

_ABBREVIATIONS = tuple(
    (re.compile(pattern), short)
    for pattern, short in (
        (r"\bwithout\b", "w/o"), (r"\bwith\b", "w/"), (r"\bdue to\b", "d/t"), (r"\bright\b", "R"),
        (r"\bleft\b", "L"), (r"\bbilateral\b", "b/l"), (r"\bfracture\b", "fx"), (r"\bhistory of\b", "h/o"),
        (r"\bdiabetes mellitus\b", "DM"), (r"\bdisease\b", "dz"), (r"\bdisorder\b", "d/o"),
        (r"\bchronic kidney disease\b", "CKD"), (r"\bsecondary to\b", "2/2"),
        (r"\binitial encounter for closed fx\b", "closed"), (r"\binitial encounter\b", "initial"),
        (r"\bunspecified\b", "unspec"),
    )
)  # fmt: skip


def clinical_forms(code: str) -> list[str]:
    """Return the title and inclusion terms of a code, as written and in clinical shorthand."""
    title = default_codebook().title(code, CodeSystem.ICD10CM) or code
    terms = [term for term in inclusion_terms(code) if not _NOT_A_NAME.search(term)]
    plain = [_lowered(name) for name in (title, *terms) if name is title or len(name) <= _LONGEST_FORM]
    names = dict.fromkeys(name for form in plain for name in (form, _shortened(form)))
    return list(names)[:_MOST_FORMS]


def _lowered(name: str) -> str:
    """Lower-case the first letter, except in acronyms and proper names such as ``Hao-Fountain``."""
    rest = name.split(" ", 1)[0][1:]
    return name[:1].lower() + name[1:] if rest.isalpha() and rest.islower() else name


def _shortened(name: str) -> str:
    for pattern, short in _ABBREVIATIONS:
        name = pattern.sub(short, name)
    return re.sub(r",? unspec$", "", name)
