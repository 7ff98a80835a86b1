"""One note with its codes and their evidence, and what makes one acceptable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clem_icd.errors import CorpusError
from clem_icd.icd import Code, CodeSystem

# Twenty times the longest note of MIMIC. What is longer is several notes, or no note.
MAX_CHARACTERS = 1_000_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """A stretch of a note that supports a code: ``text[begin:end]``, in Unicode code points."""

    code: Code
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Note:
    """A clinical note as it came, with the codes of its admission."""

    note_id: str
    text: str
    codes: tuple[Code, ...]
    evidence: tuple[Evidence, ...] = ()
    subject_id: str | None = None
    admission_id: str | None = None

    def check(self) -> None:
        """Refuse a note that no reader of a corpus could use.

        Raises
        ------
        CorpusError
            If the id or the text is empty, the text is too long to be one note, a code is listed
            twice, or evidence lies outside the text or supports a code that the note does not have.

        """
        if not self.note_id.strip():
            raise CorpusError("a note has an empty id", remedy="Give every note an id of its own")
        if not self.text.strip():
            raise CorpusError(f"note {self.note_id} is empty", remedy="Leave it out, or add its text")
        if len(self.text) > MAX_CHARACTERS:
            raise CorpusError(
                f"note {self.note_id} is {len(self.text):,} characters long, "
                f"more than the {MAX_CHARACTERS:,} of any one note",
                remedy="Split it into its notes",
            )
        if len(set(self.codes)) != len(self.codes):
            raise CorpusError(f"note {self.note_id} lists a code twice", remedy="List each code once")
        known = set(self.codes)
        for span in self.evidence:
            if not 0 <= span.begin < span.end <= len(self.text):
                raise CorpusError(
                    f"note {self.note_id} has evidence at {span.begin}:{span.end} "
                    f"in a text of {len(self.text)} characters",
                    remedy="Offsets are half-open, in characters of the raw text",
                )
            if span.code not in known:
                raise CorpusError(
                    f"note {self.note_id} has evidence for {span.code.value} ({span.code.system}), "
                    "a code that it does not have",
                    remedy="Add the code to the note, or drop the evidence",
                )

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Note:
        """Return the note of a row of the notes table."""
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
