"""The chart of an admission: its notes and code rows, before they are written in a layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from clem_icd.icd import Code, CodeSystem, undot
from clem_icd.synthetic.hospital import Admission
from clem_icd.synthetic.writer import Mention

__all__ = ["ADDENDUM", "REPORT", "SUMMARY", "Chart", "CodeRow", "Document"]

SUMMARY = "Discharge summary"  # MIMIC-III's category; MIMIC-IV's note file holds nothing else
REPORT, ADDENDUM = "Report", "Addendum"

_DIAGNOSES = (CodeSystem.ICD9CM, CodeSystem.ICD10CM)
_ICD9 = (CodeSystem.ICD9CM, CodeSystem.ICD9PCS)


@dataclass(frozen=True, slots=True)
class Document:
    """One note of a chart.

    Attributes
    ----------
    text
        Raw text; may be empty.
    evidence
        Spans of ``text``, in code points, that show codes of the admission.
    timed
        Whether the time of day is known, not only the date.
    linked
        Whether the note names its admission.
    is_error
        Whether the note is marked as an error.
    delay
        Number of later admissions after which the note is filed.

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
        None if the field is empty.
    written
        The field as written in the file.

    """

    code: Code | None
    is_diagnosis: bool
    icd_version: int
    written: str

    @classmethod
    def of(cls, code: Code) -> CodeRow:
        """Return the row for a code, formatted as in the official files."""
        version = 9 if code.system in _ICD9 else 10
        return cls(code, code.system in _DIAGNOSES, version, undot(code.value))

    @classmethod
    def empty(cls, icd_version: int) -> CodeRow:
        """Return a diagnosis row without a code."""
        return cls(None, is_diagnosis=True, icd_version=icd_version, written="")


@dataclass(frozen=True, slots=True)
class Chart:
    """The notes and code rows of one admission.

    Attributes
    ----------
    rows
        Diagnoses and procedures, each in order of importance.
    annotated
        MDACE settings in which the admission is annotated.
    published
        Published split of the admission number, by split file.

    """

    admission: Admission
    documents: tuple[Document, ...]
    rows: tuple[CodeRow, ...]
    annotated: frozenset[str] = frozenset()
    published: Mapping[str, str] = field(default_factory=dict)

    @property
    def codes(self) -> set[Code]:
        """The assigned codes."""
        return {row.code for row in self.rows if row.code is not None}

    def without_unassigned_evidence(self) -> Chart:
        """Return the chart with evidence for assigned codes only."""
        codes = self.codes
        documents = (
            replace(document, evidence=tuple(span for span in document.evidence if span.code in codes))
            for document in self.documents
        )
        return replace(self, documents=tuple(documents))
