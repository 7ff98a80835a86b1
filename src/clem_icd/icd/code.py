"""Codes as text: dots, patterns, and the normal form."""

from __future__ import annotations

import re
from dataclasses import dataclass

from clem_icd.errors import CodeError
from clem_icd.icd.not_codes import cause_and_remedy
from clem_icd.icd.systems import CodeSystem, shown
from clem_icd.icd.text import cleaned

__all__ = ["LONGEST", "Code", "dot", "is_well_formed", "normal_form", "undot"]

# Patterns of dotted, upper-case codes, including categories and other codes too short to bill.
# ICD-10-CM: a letter in second position exists only since 2026 (QA0), and "NAN" must not match.
# ICD-10-PCS: some corpora (CodiEsp) truncate codes to four characters; the first character is a section.
# ICD-10: subdivisions of WHO, ICD-10-GM, -AM and -CA are digits. A letter may follow them (ICD-10-SE I48.9B,
# NHS E10.3D), an X may fill the fourth place (NHS I10.X, CIM-10 M45.X0), and CIM-10 FR appends + and digits
# (M45.+0, I20.0+0). Other letters after the dot are refused: E10.L has a letter l for a 1.
# CPT: five characters, with a letter last (categories II and III) or first (HCPCS level II).
_SHAPES = {
    CodeSystem.ICD9CM: re.compile(r"(?:[0-9]{3}|V[0-9]{2})(?:\.[0-9]{1,2})?|E[0-9]{3}(?:\.[0-9])?"),
    CodeSystem.ICD9PCS: re.compile(r"[0-9]{2}(?:\.[0-9]{1,2})?"),
    CodeSystem.ICD10CM: re.compile(r"[A-Z](?:[0-9][0-9A-Z]|[A-Z][0-9])(?:\.[0-9A-Z]{1,4})?"),
    CodeSystem.ICD10PCS: re.compile(r"[0-9BCDFGHX][0-9A-HJ-NP-Z]{2,6}"),
    CodeSystem.ICD10: re.compile(r"[A-Z][0-9]{2}(?:\.(?:[0-9]{1,3}[0-9A-Z]?|X[0-9]?|[0-9X]?\+[0-9]{1,2}))?"),
    CodeSystem.CPT: re.compile(r"[0-9A-Z][0-9]{3}[0-9A-Z]"),
}

_EXAMPLES = {
    CodeSystem.ICD9CM: "250.00",
    CodeSystem.ICD9PCS: "37.23",
    CodeSystem.ICD10CM: "E11.9",
    CodeSystem.ICD10PCS: "02703ZZ",
    CodeSystem.ICD10: "E11.9",
    CodeSystem.CPT: "99291",
}

LONGEST = 8  # characters of the longest code, S72.001A


@dataclass(frozen=True, slots=True, order=True)
class Code:
    """A code of one code system.

    Attributes
    ----------
    value
        The normal form: dotted, upper-case, and always text; ``00.66`` is never a number.
    system
        The code system. The same characters in two systems are two codes.

    """

    value: str
    system: CodeSystem

    @classmethod
    def parse(cls, text: str, system: CodeSystem) -> Code:
        """Parse a code in any case, with or without its dot, and with blanks and invisible characters around.

        In ICD-10-CM and ICD-10, ``I10.`` is read as ``I10``: some published label lists write it so.

        Raises
        ------
        CodeError
            If the text does not have the shape of the system's codes; the message says what it looks like
            instead, where that is recognized. Whether the code exists is not checked; see
            :meth:`Codebook.exists`.

        """
        if not is_well_formed(text, system):
            raise _misshapen(cleaned(text), system)
        return cls.normalized(text, system)

    @classmethod
    def normalized(cls, text: str, system: CodeSystem) -> Code:
        """Parse a code like :meth:`parse`, but accept any shape, such as a hospital's local codes."""
        return cls(normal_form(text, system), system)

    def __str__(self) -> str:
        return self.value


def dot(text: str, system: CodeSystem) -> str:
    """Insert the dot of a code: ``25000`` becomes ``250.00``, ``E8889`` becomes ``E888.9``.

    A text that already has a dot, is too short for one, or belongs to a system without dots is returned
    unchanged. Nothing else is changed or checked; the function is idempotent.
    """
    position = _dot_position(text, system)
    if position is None or "." in text or len(text) <= position:
        return text
    return f"{text[:position]}.{text[position:]}"


def undot(text: str) -> str:
    """Remove the dots of a code: ``250.00`` becomes ``25000``."""
    return text.replace(".", "")


def is_well_formed(text: str, system: CodeSystem) -> bool:
    """Return whether :meth:`Code.parse` accepts the text as a code of the system."""
    # Upper-casing turns some non-ASCII letters into ASCII ones (the dotless i into I).
    value = cleaned(text)
    return value.isascii() and _SHAPES[system].fullmatch(normal_form(value, system)) is not None


def _dot_position(text: str, system: CodeSystem) -> int | None:
    match system:
        case CodeSystem.ICD9CM:
            return 4 if text[:1] in ("E", "e") else 3
        case CodeSystem.ICD9PCS:
            return 2
        case CodeSystem.ICD10CM | CodeSystem.ICD10:
            return 3
        case CodeSystem.ICD10PCS | CodeSystem.CPT:
            return None


def normal_form(text: str, system: CodeSystem) -> str:
    """Return the normal form of a text, without checking whether it is a code."""
    value = dot(cleaned(text).upper(), system)
    if system in (CodeSystem.ICD10CM, CodeSystem.ICD10) and len(value) == 4:
        return value.removesuffix(".")
    return value


def _misshapen(text: str, system: CodeSystem) -> CodeError:
    article = "a" if system is CodeSystem.CPT else "an"
    found = f"{shown(text, LONGEST)} does not have the shape of {article} {system.title} code"
    if system is CodeSystem.ICD10 and len(undot(text)) == 7 and is_well_formed(text, CodeSystem.ICD10CM):
        return CodeError(
            f"{found}: it has that of an ICD-10-CM code", remedy="Use icd10cm for codes of the US"
        )
    recognized = cause_and_remedy(text, system)
    if recognized is None:
        return CodeError(found, remedy=f"Expected something like {_EXAMPLES[system]}, as text")
    cause, remedy = recognized
    return CodeError(f"{found}: {cause}", remedy=remedy)
