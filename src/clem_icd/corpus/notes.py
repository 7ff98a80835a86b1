"""One note with its codes and their evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clem_icd.icd import Code, CodeSystem


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span of a note that supports a code: ``text[begin:end]``, in Unicode code points."""

    code: Code
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Note:
    """A clinical note with its raw text, and the codes of its admission.

    `clem_icd.corpus.validation` says what a corpus accepts as one.
    """

    note_id: str
    text: str
    codes: tuple[Code, ...]
    evidence: tuple[Evidence, ...] = ()
    subject_id: str | None = None
    admission_id: str | None = None

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Note:
        """Build a note from a row of the notes table."""
        return cls(
            note_id=row["note_id"],
            text=row["text"],
            codes=tuple(_code(code) for code in row["codes"]),
            evidence=tuple(Evidence(_code(span), span["begin"], span["end"]) for span in row["evidence"]),
            subject_id=row["subject_id"],
            admission_id=row["admission_id"],
        )

    def as_row(self) -> dict[str, Any]:
        """Return the note as a row of the notes table."""
        return {
            "note_id": self.note_id,
            "subject_id": self.subject_id,
            "admission_id": self.admission_id,
            "text": self.text,
            "codes": [{"code": code.value, "system": code.system.value} for code in self.codes],
            "evidence": [
                {
                    "code": span.code.value,
                    "system": span.code.system.value,
                    "begin": span.begin,
                    "end": span.end,
                }
                for span in self.evidence
            ],
        }


def _code(row: dict[str, Any]) -> Code:
    return Code(row["code"], CodeSystem(row["system"]))
