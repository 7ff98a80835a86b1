"""The ICD-10-CM tabular list, as simple-icd-10-cm ships it. Loaded once, when first asked for."""

from __future__ import annotations

import functools
import warnings
from types import ModuleType

__all__ = [
    "has_seventh_character",
    "in_tabular",
    "tabular_codes",
    "tabular_inclusion_terms",
    "tabular_leaves",
    "tabular_title",
]


@functools.cache
def tabular_codes() -> tuple[str, ...]:
    """Return every category and subcategory, dotted, in the order of the tabular list."""
    library = _library()
    # A block of a single category has that category's name, and is listed beside it.
    names = dict.fromkeys(library.get_all_codes())
    return tuple(name for name in names if library.is_category_or_subcategory(name))


def in_tabular(code: str) -> bool:
    """Tell whether a dotted code is a category or subcategory of the list."""
    return code in _code_set()


@functools.cache
def tabular_leaves() -> tuple[str, ...]:
    """Return the codes that have no subcodes, dotted, in the order of the tabular list."""
    library = _library()
    return tuple(code for code in tabular_codes() if library.is_leaf(code))


def tabular_title(code: str) -> str:
    """Return the title of a dotted code of the list. A seventh character's meaning follows a comma."""
    return " ".join(_library().get_description(code).split())


def has_seventh_character(code: str) -> bool:
    """Tell whether a dotted code of the list is another one and a seventh character of its table."""
    return bool(_library().is_extended_subcategory(code))


def tabular_inclusion_terms(code: str) -> list[str]:
    """Return the inclusion terms that stand at this dotted code of the list itself."""
    return [" ".join(term.split()) for term in _library().get_inclusion_term(code)]


@functools.cache
def _code_set() -> frozenset[str]:
    return frozenset(tabular_codes())


@functools.cache
def _library() -> ModuleType:
    # The package reads its tables while it is imported, which takes about two seconds, and with a function
    # that Python 3.11 calls deprecated and 3.13 does not.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import simple_icd_10_cm
    library: ModuleType = simple_icd_10_cm
    return library
