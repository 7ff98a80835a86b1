"""The ICD-10 codes of MIMIC-IV's admissions, from its two code tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from clem_icd.errors import SourceError
from clem_icd.icd import Code, CodeSystem
from clem_icd.sources.delimited import read_rows
from clem_icd.sources.inputs import tell
from clem_icd.sources.mimic4_files import Mimic4Files
from clem_icd.sources.refusals import check_admission

_VERSIONS = ("9", "10")

_LEFT_OUT = {
    "no code": (
        "row of codes has no code and was left out",
        "rows of codes have no code and were left out",
    ),
    "no admission": (
        "row of codes has no hadm_id and was left out",
        "rows of codes have no hadm_id and were left out",
    ),
    "only ICD-9": (
        "admission has only ICD-9 codes and was left out",
        "admissions have only ICD-9 codes and were left out",
    ),
}


@dataclass
class AdmissionCodes:
    """The distinct ICD-10 codes of every admission, in file order, and what was left out on the way."""

    codes: dict[str, list[Code]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    _icd9: set[str] = field(default_factory=set)

    def read(self, path: Path, system: CodeSystem) -> None:
        """Add the ICD-10 rows of a code table.

        Raises
        ------
        SourceError
            If the table is malformed, or an admission is no number.

        """
        known: dict[str, Code] = {}
        for row, (admission, text, version) in read_rows(path, ["hadm_id", "icd_code", "icd_version"]):
            if version not in _VERSIONS:
                raise SourceError("has an icd_version that is neither 9 nor 10", path=path, row=row)
            check_admission(admission, path, row)
            if not admission or not text.strip():
                self.left_out["no code" if admission else "no admission"] += 1
            elif version == "9":
                self._icd9.add(admission)
            else:
                # One object a code, not one a row. One of odd shape is kept, and counted by the corpus.
                code = known.get(text) or known.setdefault(text, Code.normalized(text, system))
                self.codes.setdefault(admission, []).append(code)

    def finish(self) -> None:
        """Drop what is listed twice. Call it once every table is read."""
        for admission, codes in self.codes.items():
            self.codes[admission] = list(dict.fromkeys(codes))
        self.left_out["only ICD-9"] = len(self._icd9 - self.codes.keys())

    def notices(self) -> list[str]:
        """Say what was left out, in sentences with counts."""
        return tell(self.left_out, _LEFT_OUT)


def read_codes(files: Mimic4Files) -> AdmissionCodes:
    """Read the ICD-10 codes of every admission.

    Raises
    ------
    SourceError
        If a table is malformed.

    """
    admissions = AdmissionCodes()
    admissions.read(files.diagnoses, CodeSystem.ICD10CM)
    admissions.read(files.procedures, CodeSystem.ICD10PCS)
    admissions.finish()
    return admissions
