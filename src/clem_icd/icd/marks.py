"""Marks that ICD-10 writes after a code, and that are not part of it."""

from __future__ import annotations

import re

from clem_icd.icd.systems import CodeSystem
from clem_icd.icd.text import cleaned

__all__ = ["without_mark"]

# A dagger (printed as † or +) marks the underlying disease, an asterisk its manifestation (ICD-10 volume 2,
# 3.1.3), an exclamation mark an additional code (ICD-10-GM). A + inside a code, as in CIM-10's I20.0+0, is
# part of it.
_MARKED = re.compile(r"(?P<code>[A-Za-z][0-9]{2}(?:[0-9A-Za-z.+]*[0-9A-Za-z])?)\s*[†+*!]")


def without_mark(text: str, system: CodeSystem) -> tuple[str, bool]:
    """Remove the mark after an ICD-10 code: ``E11.40†``, ``G63.2*``, ``B95.6!``.

    What the mark says is lost, so a reader that removes it should count how often, and report it.

    Returns
    -------
    tuple[str, bool]
        The text without the mark, and whether there was one. Other systems have no marks: their texts are
        returned unchanged.

    """
    marked = _MARKED.fullmatch(cleaned(text)) if system is CodeSystem.ICD10 else None
    return (text, False) if marked is None else (marked["code"], True)
