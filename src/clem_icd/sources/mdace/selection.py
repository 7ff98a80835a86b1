"""Selecting the annotated notes of a set, and counting the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from clem_icd.icd import Code, CodeSystem
from clem_icd.sources.mdace.annotations import Annotations
from clem_icd.sources.mdace.clinical_notes import ClinicalNote
from clem_icd.sources.mdace.documents import Document, annotated, by_admission, pieces
from clem_icd.tabular.sentences import count_sentences

_ODDITIES = {
    "missing": (
        "annotated note is not in NOTEEVENTS and was left out",
        "annotated notes are not in NOTEEVENTS and were left out",
    ),
    "other admission": (
        "annotated note has another admission in NOTEEVENTS than in MDACE; that of NOTEEVENTS was used",
        "annotated notes have other admissions in NOTEEVENTS than in MDACE; those of NOTEEVENTS were used",
    ),
    "no admission": (
        "annotated note has no HADM_ID and was left out",
        "annotated notes have no HADM_ID and were left out",
    ),
    "no text": (
        "annotated note has no text and was left out",
        "annotated notes have no text and were left out",
    ),
    "no codes": (
        "annotated note has no codes of the requested kind and was left out",
        "annotated notes have no codes of the requested kind and were left out",
    ),
    "not in the split": (
        "annotated note was left out: its admission is not in a split",
        "annotated notes were left out: their admissions are not in a split",
    ),
    "no discharge summary": (
        "annotated note is not a discharge summary and was left out",
        "annotated notes are not discharge summaries and were left out",
    ),
    "past the end": (
        "span ends after its note and was left out",
        "spans end after their notes and were left out",
    ),
    "empty": ("span is empty or negative and was left out", "spans are empty or negative and were left out"),
    "without spans": (
        "code of a note has no span left and thus no evidence",
        "codes of notes have no spans left and thus no evidence",
    ),
    "merged": (
        "code became equal to another code of its note; they share their evidence",
        "codes became equal to other codes of their notes; they share their evidence",
    ),
}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which notes and codes are requested, and a count of oddities.

    Attributes
    ----------
    systems
        The code systems.
    split_of
        The split of every admission in the split files.
    per
        ``note``, ``discharge-summary`` (only notes that are one) or ``admission``.
    evidence_only
        Whether a document consists only of the evidence for one code.
    oddities
        Counts of what `notices` reports.

    """

    systems: Collection[CodeSystem]
    split_of: Mapping[str, str]
    per: str
    evidence_only: bool
    oddities: Counter[str] = field(default_factory=Counter)

    def documents(self, annotations: Annotations, notes: Mapping[str, ClinicalNote]) -> Iterator[Document]:
        """Yield the documents in the order of NOTEEVENTS."""
        self.oddities["missing"] += len(annotations.notes.keys() - notes.keys())
        documents = self._annotated(annotations, notes)
        whole = by_admission(documents) if self.per == "admission" else (one for _, one in documents)
        return chain.from_iterable(map(pieces, whole)) if self.evidence_only else whole

    def notices(self) -> list[str]:
        """Return sentences with counts of what was odd."""
        return count_sentences(self.oddities, _ODDITIES)

    def _annotated(
        self, annotations: Annotations, notes: Mapping[str, ClinicalNote]
    ) -> Iterator[tuple[ClinicalNote, Document]]:
        for note in notes.values():
            marked = annotations.notes[note.note_id]
            codes = {code: spans for code, spans in marked.items() if code.system in self.systems}
            reason = self._reason_to_leave_out(note, codes)
            if reason:
                self.oddities[reason] += 1
                continue
            self.oddities["other admission"] += note.admission_id not in annotations.admissions[note.note_id]
            yield note, annotated(note, codes, self.oddities)

    def _reason_to_leave_out(self, note: ClinicalNote, codes: Container[Code]) -> str | None:
        if not note.admission_id:
            return "no admission"
        if not note.text.strip():
            return "no text"
        if not codes:
            return "no codes"
        if note.admission_id not in self.split_of:
            return "not in the split"
        if self.per == "discharge-summary" and not note.is_discharge_summary:
            return "no discharge summary"
        return None
