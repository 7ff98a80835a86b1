"""Codes as text: dots, shapes, and the one normal form."""

from __future__ import annotations

import re
from dataclasses import dataclass

from clem_icd.errors import CodeError
from clem_icd.icd.systems import CodeSystem, shown

__all__ = ["Code", "dot", "is_well_formed", "normal_form", "undot"]

# Of dotted, upper-case codes; categories and other codes too short to bill are codes as well.
# ICD-10-CM takes a letter in second place only since 2026 (QA0), and "NAN" must stay no code.
# ICD-10-PCS is cut to four characters in some corpora (CodiEsp); its first character is a section.
# CPT: five places, a letter last (categories II and III) or first (HCPCS level II).
_SHAPES = {
    CodeSystem.ICD9CM: re.compile(r"(?:[0-9]{3}|V[0-9]{2})(?:\.[0-9]{1,2})?|E[0-9]{3}(?:\.[0-9])?"),
    CodeSystem.ICD9PCS: re.compile(r"[0-9]{2}(?:\.[0-9]{1,2})?"),
    CodeSystem.ICD10CM: re.compile(r"[A-Z](?:[0-9][0-9A-Z]|[A-Z][0-9])(?:\.[0-9A-Z]{1,4})?"),
    CodeSystem.ICD10PCS: re.compile(r"[0-9BCDFGHX][0-9A-HJ-NP-Z]{2,6}"),
    CodeSystem.CPT: re.compile(r"[0-9A-Z][0-9]{3}[0-9A-Z]"),
}

_EXAMPLES = {
    CodeSystem.ICD9CM: "250.00",
    CodeSystem.ICD9PCS: "37.23",
    CodeSystem.ICD10CM: "E11.9",
    CodeSystem.ICD10PCS: "02703ZZ",
    CodeSystem.CPT: "99291",
}

_LONGEST = 8  # characters, as in S72.001A


@dataclass(frozen=True, slots=True, order=True)
class Code:
    """A code of one code system.

    Attributes
    ----------
    value
        Its normal form: dotted and upper-case. Always text: ``00.66`` is never a number.
    system
        Its code system. The same characters in two systems are two codes.

    """

    value: str
    system: CodeSystem

    @classmethod
    def parse(cls, text: str, system: CodeSystem) -> Code:
        """Read a code as people and files write it: blanks around it, any case, with its dot or without.

        ``I10.`` is read as ``I10`` in ICD-10-CM, as some published label lists write it.

        Raises
        ------
        CodeError
            If the text does not have the shape of the system's codes. Whether the code exists is the
            codebook's question.

        """
        if not is_well_formed(text, system):
            raise CodeError(
                f"{shown(text, _LONGEST)} does not have the shape of an {system.title} code",
                remedy=f"Expected something like {_EXAMPLES[system]}, as text",
            )
        return cls.normalized(text, system)

    @classmethod
    def normalized(cls, text: str, system: CodeSystem) -> Code:
        """Read a code as :meth:`parse` does, and keep one of any shape: a hospital's odd code is one too."""
        return cls(normal_form(text, system), system)

    def __str__(self) -> str:
        return self.value


def dot(text: str, system: CodeSystem) -> str:
    """Put the dot where the system has it: ``25000`` to ``250.00``, ``E8889`` to ``E888.9``.

    A text that holds a dot already, that is too short to need one, or whose system has none comes back as
    it is. Nothing else is changed or checked, so applying it twice is applying it once.
    """
    place = _dot_place(text, system)
    if place is None or "." in text or len(text) <= place:
        return text
    return f"{text[:place]}.{text[place:]}"


def undot(text: str) -> str:
    """Take the dots out of a code: ``250.00`` to ``25000``."""
    return text.replace(".", "")


def is_well_formed(text: str, system: CodeSystem) -> bool:
    """Tell whether :meth:`Code.parse` would read the text as a code of the system."""
    # Upper-casing turns some letters outside ASCII into ASCII ones (the dotless i into I).
    return text.isascii() and _SHAPES[system].fullmatch(normal_form(text, system)) is not None


def _dot_place(text: str, system: CodeSystem) -> int | None:
    match system:
        case CodeSystem.ICD9CM:
            return 4 if text[:1] in ("E", "e") else 3
        case CodeSystem.ICD9PCS:
            return 2
        case CodeSystem.ICD10CM:
            return 3
        case CodeSystem.ICD10PCS | CodeSystem.CPT:
            return None


def normal_form(text: str, system: CodeSystem) -> str:
    """Return what :meth:`Code.parse` makes of a text, without asking whether it is a code."""
    value = dot(text.strip().upper(), system)
    if system is CodeSystem.ICD10CM and len(value) == 4:
        return value.removesuffix(".")
    return value
