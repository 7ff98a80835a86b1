"""Billable codes, and inclusion terms of ICD-10-CM."""

from __future__ import annotations

import functools

from clem_icd.icd.code import normal_form
from clem_icd.icd.hierarchy import parent
from clem_icd.icd.packaged import packaged_categories, packaged_titles
from clem_icd.icd.systems import CodeSystem
from clem_icd.icd.tabular import has_seventh_character, in_tabular, tabular_inclusion_terms, tabular_leaves

__all__ = ["inclusion_terms", "is_billable", "leaf_codes"]


def leaf_codes() -> list[str]:
    """Return the billable ICD-10-CM codes, dotted, in tabular order.

    A code is billable when it has no subcodes (ICD-10-CM Official Guidelines, I.B.2).
    """
    return list(tabular_leaves())


def is_billable(code: str, system: CodeSystem) -> bool | None:
    """Return whether a dotted code may be billed, and is not a category above such codes.

    The result is None for a code that no list has.
    """
    if system is CodeSystem.ICD10CM and in_tabular(code):
        return code in _leaves()
    if code in packaged_titles(system):
        return True
    return False if code in packaged_categories(system) else None


@functools.cache
def _leaves() -> frozenset[str]:
    return frozenset(tabular_leaves())


def inclusion_terms(code: str) -> list[str]:
    """Return the inclusion terms of an ICD-10-CM code: other names for the same condition.

    A seventh character states the encounter or the fetus and does not change the condition, so such a code
    has the terms of the code it extends. No other code inherits terms: those of ``I21.0`` (anterior
    infarction) are too broad for ``I21.01`` (left main artery). An unknown code has none.
    """
    code = normal_form(code, CodeSystem.ICD10CM)
    if not in_tabular(code):
        return []
    if has_seventh_character(code):
        return inclusion_terms(parent(code, CodeSystem.ICD10CM) or "")
    return tabular_inclusion_terms(code)
