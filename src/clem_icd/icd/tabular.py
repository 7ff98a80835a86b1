"""The ICD-10-CM tabular list, as shipped with simple-icd-10-cm; loaded on first use."""

from __future__ import annotations

import functools
import warnings
from types import ModuleType

__all__ = [
    "has_seventh_character",
    "in_tabular",
    "is_category_or_below",
    "tabular_above",
    "tabular_block",
    "tabular_code_first",
    "tabular_codes",
    "tabular_excludes1",
    "tabular_includes",
    "tabular_inclusion_terms",
    "tabular_leaves",
    "tabular_title",
    "tabular_use_additional",
]


@functools.cache
def tabular_codes() -> tuple[str, ...]:
    """Return all categories and subcategories, dotted, in tabular order."""
    library = _library()
    # A block with a single category has that category's name and is listed separately.
    names = dict.fromkeys(library.get_all_codes())
    return tuple(name for name in names if library.is_category_or_subcategory(name))


def in_tabular(code: str) -> bool:
    """Return whether a dotted code is a category or subcategory in the list."""
    return code in _code_set()


def tabular_block(category: str) -> str | None:
    """Return the innermost block of a category, as in ``I20-I25``; None for a category that is not listed."""
    return _library().get_ancestors(category)[0] if in_tabular(category) else None


@functools.cache
def tabular_leaves() -> tuple[str, ...]:
    """Return the codes without subcodes, dotted, in tabular order."""
    library = _library()
    return tuple(code for code in tabular_codes() if library.is_leaf(code))


def tabular_title(code: str) -> str:
    """Return the title of a dotted code; the meaning of a seventh character follows a comma."""
    return " ".join(_library().get_description(code).split())


def has_seventh_character(code: str) -> bool:
    """Return whether a dotted code is another code extended by a seventh character."""
    return bool(_library().is_extended_subcategory(code))


def tabular_inclusion_terms(code: str) -> list[str]:
    """Return the inclusion terms listed directly at a dotted code."""
    return [" ".join(term.split()) for term in _library().get_inclusion_term(code)]


def tabular_includes(code: str) -> list[str]:
    """Return the notes "Includes" directly at a dotted code: what it means, in other words."""
    return [" ".join(text.split()) for text in _library().get_includes(code)]


def tabular_above(code: str) -> list[str]:
    """Return what is above a dotted code: codes, then its blocks, then the number of its chapter."""
    return list(_library().get_ancestors(code))


def is_category_or_below(place: str) -> bool:
    """Return whether a place in the list is a category or subcategory, and not a block or a chapter."""
    return bool(_library().is_category_or_subcategory(place))


def tabular_excludes1(place: str) -> list[str]:
    """Return the Excludes1 notes directly at a code, block or chapter."""
    return list(_library().get_excludes1(place))


def tabular_code_first(code: str) -> str:
    """Return the note "code first" directly at a code; empty without one."""
    return str(_library().get_code_first(code))


def tabular_use_additional(code: str) -> str:
    """Return the note "use additional code" directly at a code; empty without one."""
    return str(_library().get_use_additional_code(code))


@functools.cache
def _code_set() -> frozenset[str]:
    return frozenset(tabular_codes())


@functools.cache
def _library() -> ModuleType:
    # The package reads its tables on import, which takes about two seconds and calls a function that is
    # deprecated in Python 3.11 but no longer in 3.13.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import simple_icd_10_cm
    library: ModuleType = simple_icd_10_cm
    return library
