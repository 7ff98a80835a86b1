"""Texts that are a code and something else, or a code that was changed: each is refused with its cause."""

from __future__ import annotations

import re

from clem_icd.errors import CodeError, SourceError
from clem_icd.icd import Code, CodeSystem

# As long as a code, so that a note in place of codes takes no time.
_RANGE = re.compile(r"(\S{1,8}?)\s*[-\u2013\u2014]\s*(\S{1,8})")
# A comma before one or two digits stands for the dot of the code.
_WITH_TEXT = re.compile(r"(?!\w+,[0-9]{1,2}\Z)([A-Za-z0-9.]+)[\s:,(^\u2013\u2014-]+\S", re.DOTALL)
_DASH = re.compile(r"([A-Za-z0-9]+)\.?[-\u2013\u2014_]+")
_MARKED = re.compile(r"([A-Za-z0-9.]+)\s*[\u2020*+!]")
_HL7 = re.compile(r"([A-Za-z0-9.]+)\s*\^")
_EARLY_DOT = re.compile(r"(E[0-9]{2})\.([0-9])([0-9]?)", re.IGNORECASE)

# ICD-10-GM writes the certainty of a diagnosis and its side after the code.
_CERTAINTY = re.compile(r"([A-Za-z0-9.]+?)\s*(?:[GVZA][RLB]?|[RLB])", re.IGNORECASE)


def text_with_code(text: str, system: CodeSystem) -> SourceError | None:
    """Return the error for a text that is a code with something else; None for any other text."""
    if (match := _RANGE.fullmatch(text)) and all(_shape(part, system) for part in match.groups()):
        return SourceError("has a range of codes, expected single codes", remedy="List the codes")
    if (match := _DASH.fullmatch(text)) and _shape(match[1], system):
        return SourceError(
            "has a code that ends in a dash, which stands for missing characters",
            remedy=f"Write the category: {match[1].upper()}",
        )
    if (match := _HL7.match(text)) and _shape(match[1], system):
        return SourceError(
            "has a code and its text, divided by ^ as in HL7",
            remedy="Keep only the code, before the first ^",
        )
    if (match := _MARKED.match(text)) and _shape(match[1].rstrip("."), system):
        if system is CodeSystem.ICD10:
            return SourceError(
                "has a mark (†, *, + or !) between a code and another text",
                remedy="Divide codes by semicolons",
            )
        return SourceError(
            f"has a mark (†, *, + or !) after a code, which {system.title} does not use",
            remedy="Remove the marks, or pass --system icd10 for ICD-10 outside the US",
        )
    if system is CodeSystem.ICD10 and (match := _CERTAINTY.fullmatch(text)) and _shape(match[1], system):
        return SourceError(
            "has a letter after a code that says how certain it is, or which side (ICD-10-GM)",
            remedy="Remove the letters, and codes with V (suspected) or A (excluded)",
        )
    if system is CodeSystem.ICD9CM and (match := _EARLY_DOT.fullmatch(text)):
        return SourceError(
            "has an E code of ICD-9-CM with its dot after three characters, expected after four",
            remedy=f"Write {match[1].upper()}{match[2]}{f'.{match[3]}' if match[3] else ''}",
        )
    if system is CodeSystem.ICD9CM and text.isdecimal() and len(text) < 3:
        return SourceError(
            f"has {text} as a code, which seems to have lost its leading zeros",
            remedy="Make the codes text where they come from: as a number, 042 becomes 42",
        )
    if (match := _WITH_TEXT.match(text)) and _shape(match[1].rstrip("."), system):
        return SourceError("has text after a code", remedy="Keep only codes in the column")
    return None


def _shape(text: str, system: CodeSystem) -> bool:
    try:
        Code.parse(text, system)
    except CodeError:
        return False
    return True
