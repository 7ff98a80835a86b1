"""The five sets that are made of MDACE, and the choices that each leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from clem_icd.errors import SourceError
from clem_icd.icd import CodeSystem
from clem_icd.sources.mdace.codes import SYSTEMS, Rule, inpatient_rule, profee_rule
from clem_icd.sources.mdace.files import Revision, Setting

Per = Literal["note", "discharge-summary", "admission"]
CodeSet = Literal["D", "P", "DP"]


@dataclass(frozen=True, slots=True)
class MdaceSet:
    """Which annotations a set takes, and what it makes of them.

    Attributes
    ----------
    setting, revision
        Where its annotations lie.
    rule
        How an annotated code is brought back to a code of MIMIC.
    procedures
        Whether it has procedure codes.
    evidence_only
        Whether a text is only what supports a code.
    with_mimic3
        Whether the rest of MIMIC-III's discharge summaries is in it.

    """

    setting: Setting
    revision: Revision
    rule: Rule = inpatient_rule
    procedures: bool = True
    evidence_only: bool = False
    with_mimic3: bool = False

    def systems(self, codes: str) -> tuple[CodeSystem, ...]:
        """Return the code systems of its diagnoses (``D``), procedures (``P``) or both (``DP``)."""
        own = SYSTEMS[self.revision] if self.procedures else SYSTEMS[self.revision][:1]
        return tuple(system for letter, system in zip("DP", own, strict=False) if letter in codes)


SETS = {
    "inpatient-icd9": MdaceSet("Inpatient", "ICD-9"),
    "inpatient-icd10": MdaceSet("Inpatient", "ICD-10"),
    "inpatient-icd9-code": MdaceSet("Inpatient", "ICD-9", with_mimic3=True),
    "inpatient-icd9-evidence-only": MdaceSet("Inpatient", "ICD-9", evidence_only=True),
    "profee-icd10": MdaceSet("Profee", "ICD-10", rule=profee_rule, procedures=False),
}


def find_set(dataset: str, per: str, codes: str) -> MdaceSet:
    """Return a set by its name, if it leaves these choices.

    Raises
    ------
    SourceError
        If there is no such set or choice, or the set has no procedure codes and only those are asked for.

    """
    _check_choice("dataset", dataset, tuple(SETS))
    _check_choice("per", per, get_args(Per))
    _check_choice("codes", codes, get_args(CodeSet))
    chosen = SETS[dataset]
    if not chosen.systems(codes):
        raise SourceError(f"{dataset} has no procedure codes", remedy="Ask for the codes D")
    return chosen


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SourceError(f"{name} is {value!r}, expected one of {', '.join(choices)}")
