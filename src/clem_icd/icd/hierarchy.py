"""The hierarchy of codes: parent, category, block and chapter.

Parents and ancestors are codes; blocks such as ``I20-I25`` and chapters are never assigned. Codes are
accepted with or without their dot and returned dotted and upper-case. An unknown code is not an error: its
position follows from its characters.
"""

from __future__ import annotations

from clem_icd.icd.blocks import block_of
from clem_icd.icd.chapters import chapter_of
from clem_icd.icd.code import dot, undot
from clem_icd.icd.systems import CodeSystem
from clem_icd.icd.tabular import in_tabular
from clem_icd.icd.text import cleaned

__all__ = ["ancestors", "block", "category", "chapter", "parent", "shorter_codes"]


def category(code: str, system: CodeSystem) -> str:
    """Return the category of a code: ``E11`` of ``E11.9``.

    Categories have three characters in ICD-9-CM (four for E codes), two in ICD-9-CM procedures, and three in
    ICD-10, ICD-10-CM and ICD-10-PCS (where they are called tables). A CPT code is its own category.
    """
    characters = _characters(code)
    return characters[: _category_length(characters, system)]


def parent(code: str, system: CodeSystem) -> str | None:
    """Return the parent of a code, or None for a category.

    In ICD-10-CM, the parent is the longest proper prefix in the tabular list, so the placeholder X adds no
    level: the parent of ``W00.0XXA`` is ``W00.0``. In the other systems, and for an ICD-10-CM code without
    such a prefix, it is the code without its last character.
    """
    shorter = shorter_codes(code, system)
    if not shorter:
        return None
    if system is CodeSystem.ICD10CM:
        return next((candidate for candidate in shorter if in_tabular(candidate)), shorter[0])
    return shorter[0]


def shorter_codes(code: str, system: CodeSystem) -> list[str]:
    """Return a code without its last character, without its last two, and so on down to its category."""
    characters = _characters(code)
    shortest = _category_length(characters, system)
    shorter = (characters[:length] for length in range(len(characters) - 1, shortest - 1, -1))
    # The + of CIM-10 FR introduces a subdivision: above I20.0+0 comes I20.0.
    return [dot(candidate, system) for candidate in shorter if not candidate.endswith("+")]


def ancestors(code: str, system: CodeSystem) -> list[str]:
    """Return the parent, its parent, and so on up to the category; empty for a category."""
    found = []
    above = parent(code, system)
    while above is not None:
        found.append(above)
        above = parent(above, system)
    return found


def chapter(code: str, system: CodeSystem) -> str | None:
    """Return the chapter of a code, as in ``Diseases of the circulatory system (I00-I99)``.

    ICD-10-PCS has sections instead. The result is None for CPT codes and codes outside all chapters.
    """
    return chapter_of(category(code, system), system)


def block(code: str, system: CodeSystem) -> str | None:
    """Return the block of a code, between its category and its chapter: ``I20-I25``.

    Blocks of ICD-10-CM are the innermost ones of the tabular list. ICD-10-PCS has sections with body systems
    instead: ``02``. The result is None for ICD-9-CM procedures and CPT codes, which have no blocks; for
    ICD-10, whose blocks differ by edition; and for codes outside all blocks.
    """
    return block_of(category(code, system), system)


def _category_length(characters: str, system: CodeSystem) -> int:
    match system:
        case CodeSystem.ICD9CM:
            return 4 if characters.startswith("E") else 3
        case CodeSystem.ICD9PCS:
            return 2
        case CodeSystem.ICD10CM | CodeSystem.ICD10PCS | CodeSystem.ICD10:
            return 3
        case CodeSystem.CPT:
            return len(characters)


def _characters(code: str) -> str:
    return undot(cleaned(code).upper())
