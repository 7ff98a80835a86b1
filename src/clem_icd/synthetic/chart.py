"""What an admission leaves behind: its notes and its coded conditions, before they become rows of files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from clem_icd.icd import Code, CodeSystem, undot
from clem_icd.synthetic.hospital import Admission
from clem_icd.synthetic.writer import Mention

__all__ = ["ADDENDUM", "REPORT", "SUMMARY", "Chart", "CodeRow", "Document"]

SUMMARY = "Discharge summary"  # the category of MIMIC-III; the only kind of note that MIMIC-IV's file holds
REPORT, ADDENDUM = "Report", "Addendum"

_DIAGNOSES = (CodeSystem.ICD9CM, CodeSystem.ICD10CM)
_ICD9 = (CodeSystem.ICD9CM, CodeSystem.ICD9PCS)


@dataclass(frozen=True, slots=True)
class Document:
    """One note as it lies in the chart.

    Attributes
    ----------
    text
        May be empty.
    evidence
        Where it shows codes of its admission, in code points of ``text``.
    timed
        Whether the hour is known, not the day alone.
    linked
        Whether it says which admission it belongs to.
    is_error
        Whether somebody marked it as a mistake.
    delay
        After how many later admissions it is filed.

    """

    category: str
    description: str
    text: str
    evidence: tuple[Mention, ...]
    charted: datetime
    timed: bool = False
    linked: bool = True
    is_error: bool = False
    delay: int = 0


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One row of a code table.

    Attributes
    ----------
    code
        None where the coders left the field empty.
    written
        The code as it stands in the field.

    """

    code: Code | None
    is_diagnosis: bool
    icd_version: int
    written: str

    @classmethod
    def of(cls, code: Code) -> CodeRow:
        """Return the row of a code, written as the official files write it."""
        version = 9 if code.system in _ICD9 else 10
        return cls(code, code.system in _DIAGNOSES, version, undot(code.value))

    @classmethod
    def empty(cls, icd_version: int) -> CodeRow:
        """Return a diagnosis whose code is missing."""
        return cls(None, is_diagnosis=True, icd_version=icd_version, written="")


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that one admission leaves behind.

    Attributes
    ----------
    rows
        Diagnoses and procedures, each kind in order of importance.
    annotated
        The MDACE settings in which annotators read it.
    published
        The splits that published files put its number into, by the name of the file.

    """

    admission: Admission
    documents: tuple[Document, ...]
    rows: tuple[CodeRow, ...]
    annotated: frozenset[str] = frozenset()
    published: Mapping[str, str] = field(default_factory=dict)

    @property
    def codes(self) -> set[Code]:
        """The codes that were assigned."""
        return {row.code for row in self.rows if row.code is not None}

    def without_idle_evidence(self) -> Chart:
        """Return it with evidence for the codes that were assigned, and for no other."""
        codes = self.codes
        documents = (
            replace(one, evidence=tuple(span for span in one.evidence if span.code in codes))
            for one in self.documents
        )
        return replace(self, documents=tuple(documents))
