"""The five sets made from MDACE, and the choices each of them offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from clem_icd.errors import SourceError
from clem_icd.icd import CodeSystem
from clem_icd.sources.mdace.code_map import SYSTEMS, Rule, inpatient_rule, profee_rule
from clem_icd.sources.mdace.files import Revision, Setting
from clem_icd.sources.raw_files import check_choice

Per = Literal["note", "discharge-summary", "admission"]
CodeSet = Literal["D", "P", "DP"]


@dataclass(frozen=True, slots=True)
class MdaceSet:
    """The annotations of a set, and what is made from them.

    Attributes
    ----------
    setting, revision
        The folder of its annotations.
    rule
        How annotated codes are mapped to codes used in MIMIC.
    procedures
        Whether it has procedure codes.
    evidence_only
        Whether a text consists only of the evidence for one code.
    with_mimic3
        Whether it includes the other discharge summaries of MIMIC-III.

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
    """Return a set by its name, if it offers these choices.

    Raises
    ------
    SourceError
        If there is no such set or choice, or only procedure codes are requested and the set has none.

    """
    check_choice("dataset", dataset, tuple(SETS))
    check_choice("per", per, get_args(Per))
    check_choice("codes", codes, get_args(CodeSet))
    chosen = SETS[dataset]
    if not chosen.systems(codes):
        raise SourceError(f"{dataset} has no procedure codes", remedy="Choose the codes D")
    return chosen
