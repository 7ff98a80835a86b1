"""Which existing code an unknown code may stand for, and what may have happened to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

from clem_icd.icd.code import LONGEST, Code, dot, undot
from clem_icd.icd.codebook import Codebook
from clem_icd.icd.systems import CodeSystem

__all__ = ["hint_for_unknown"]

_ICD9 = (CodeSystem.ICD9CM, CodeSystem.ICD9PCS)
_PACKAGED = (*_ICD9, CodeSystem.ICD10CM, CodeSystem.ICD10PCS)

# Characters that are mistaken for each other, also by an optical reader. L stands for a lower-case l.
_LOOK_ALIKE = {"O": "O0", "0": "0O", "I": "I1", "L": "L1", "1": "1IL", "S": "S5", "5": "5S"}
_LOOK_ALIKE_ICD10PCS = {"O": "0", "I": "1"}  # its codes contain neither O nor I, but all the others

_HCPCS = re.compile(r"[A-EGHJ-MP-V][0-9]{4}")  # level II begins with A to V (THO); F, I, N and O are unused

_RANGE = re.compile(r"(([A-Z])[0-9]{2})\.(\2[0-9]{2})")

_MOST = 3  # candidates in a hint


def hint_for_unknown(code: Code, book: Codebook) -> str | None:
    """Return what a code without a title may stand for, as ``may be W21.89XA (placeholder X missing)``.

    Every code in the hint is in the codebook, except that a code in an ICD-10 system may have the shape of an
    HCPCS code, of which there is no list. A hint is a guess for a person to check: the code stays as it is.

    Parameters
    ----------
    code
        A code in its normal form.
    book
        The titles, and so the list of the codes that exist.

    Returns
    -------
    str | None
        None if the code has a title, if its system has no list, or if nothing similar exists. A category can
        have a hint, since an ICD-9-CM code whose zeros were lost looks like one (250.1 for 250.10).

    """
    exists = book.exists(code.value, code.system)
    if exists is None or book.is_known(code.value, code.system):
        return None
    found = dict.fromkeys(_zeros(code, book) if exists else _similar(code, book))
    if found:
        return f"may be {' or '.join(list(found)[:_MOST])}"
    if (
        not exists
        and code.system in (CodeSystem.ICD10CM, CodeSystem.ICD10)
        and _HCPCS.fullmatch(undot(code.value))
    ):
        return f"has the shape of the HCPCS code {undot(code.value)}"
    if ends := _RANGE.fullmatch(code.value):
        return f"has the shape of a range, {ends[1]} to {ends[3]}"
    return None


def _similar(code: Code, book: Codebook) -> Iterator[str]:
    yield from _placeholder(code, book)
    yield from _zeros(code, book)
    yield from _other_systems(code, book)
    yield from _look_alikes(code, book)


def _placeholder(code: Code, book: Codebook) -> Iterator[str]:
    characters = undot(code.value)
    if code.system is not CodeSystem.ICD10CM or not 4 <= len(characters) < 7:
        return
    # The seventh character keeps its place: an X stands for each character that the code lacks.
    whole = dot(f"{characters[:-1]:X<6}{characters[-1]}", code.system)
    if book.is_known(whole, code.system):
        yield f"{whole} (placeholder X missing)"


def _zeros(code: Code, book: Codebook) -> Iterator[str]:
    """Yield the codes that a program or spreadsheet turns into this one when it reads them as numbers."""
    digits = undot(code.value)
    if code.system not in _ICD9 or not (digits.isascii() and digits.isdecimal()):
        return
    for zeros in ("0", "00"):
        for whole, end in ((f"{zeros}{digits}", "leading"), (f"{digits}{zeros}", "trailing")):
            value = dot(whole, code.system)
            if book.is_known(value, code.system):
                yield f"{value} ({end} zero lost)"


def _other_systems(code: Code, book: Codebook) -> Iterator[str]:
    for system in _PACKAGED:
        value = dot(undot(code.value), system)
        if system is not code.system and book.is_known(value, system):
            yield f"{value} in {system.title}"


def _look_alikes(code: Code, book: Codebook) -> Iterator[str]:
    if len(code.value) > LONGEST:
        return
    alike = _LOOK_ALIKE_ICD10PCS if code.system is CodeSystem.ICD10PCS else _LOOK_ALIKE
    for characters in product(*(alike.get(character, character) for character in code.value)):
        value = "".join(characters)
        if value != code.value and book.exists(value, code.system):
            yield f"{value} (letter and digit confused)"
