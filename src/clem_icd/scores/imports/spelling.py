"""Codes and code systems as files write them, read by the rules for tables to prepare."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from clem_icd.errors import ScoresError
from clem_icd.icd import CodeSystem, without_mark
from clem_icd.icd.systems import revision_in
from clem_icd.icd.text import cleaned
from clem_icd.tabular.code_cells import unwrapped

_OF_REVISION = {
    "9": (CodeSystem.ICD9CM, CodeSystem.ICD9PCS),
    "10": (CodeSystem.ICD10CM, CodeSystem.ICD10PCS, CodeSystem.ICD10),
}


def plain_code(text: str, systems: Collection[CodeSystem]) -> str:
    """Return a code without invisible characters, what a spreadsheet keeps it by, and the marks of ICD-10.

    Parameters
    ----------
    systems
        Those of the corpus: only ICD-10 outside the US has marks.

    """
    code = cleaned(unwrapped(cleaned(text)))
    return without_mark(code, CodeSystem.ICD10)[0] if CodeSystem.ICD10 in systems else code


def system_named(name: str, systems: Collection[CodeSystem]) -> CodeSystem:
    """Return the code system with a name, or the only one of a revision of ICD (9 or 10) in the corpus.

    Raises
    ------
    CodeError
        If it is not the name of a code system.
    ScoresError
        If it is that of a revision of which the corpus has no codes, or those of several systems.

    """
    revision = revision_in(name)
    if revision is None:
        return CodeSystem.parse(name)
    found = [system for system in _OF_REVISION[revision] if system in systems]
    if len(found) != 1:
        several = f"codes of several systems: {', '.join(found)}" if found else "no codes"
        raise ScoresError(
            f"names revision {revision} of ICD, of which the corpus has {several}",
            remedy="Name the code system of each code, such as icd10cm",
        )
    return found[0]


def systems_named(
    names: Sequence[str | None], systems: Collection[CodeSystem]
) -> dict[str | None, CodeSystem | None]:
    """Return the code systems that a column names, by their names, as `system_named` does."""
    return {name: None if name is None else system_named(name, systems) for name in names}
