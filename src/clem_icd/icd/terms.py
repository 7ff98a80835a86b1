"""The billable ICD-10-CM codes, and the other names a condition goes by."""

from __future__ import annotations

from clem_icd.icd.code import normal_form
from clem_icd.icd.hierarchy import parent
from clem_icd.icd.systems import CodeSystem
from clem_icd.icd.tabular import has_seventh_character, in_tabular, tabular_inclusion_terms, tabular_leaves

__all__ = ["inclusion_terms", "leaf_codes"]


def leaf_codes() -> list[str]:
    """Return the billable ICD-10-CM codes, dotted, in the order of the tabular list.

    A code is billable when it has no subcodes (ICD-10-CM Official Guidelines, I.B.2).
    """
    return list(tabular_leaves())


def inclusion_terms(code: str) -> list[str]:
    """Return the tabular list's inclusion terms of an ICD-10-CM code: other names for the same condition.

    A seventh character says which encounter or which fetus it was and leaves the condition as it is, so
    such a code has the terms of the code that it extends. No other code inherits: the terms of ``I21.0``
    (anterior infarction) are too wide for ``I21.01`` (of the left main artery). An unknown code has none.
    """
    code = normal_form(code, CodeSystem.ICD10CM)
    if not in_tabular(code):
        return []
    if has_seventh_character(code):
        return inclusion_terms(parent(code, CodeSystem.ICD10CM) or "")
    return tabular_inclusion_terms(code)
