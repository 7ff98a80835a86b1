"""The annotated notes among the two million of NOTEEVENTS, in one pass that holds only them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from clem_icd.errors import SourceError
from clem_icd.sources.mimic.notes import DISCHARGE_SUMMARY
from clem_icd.tabular.batches import read_batches
from clem_icd.tabular.refusals import check_admission

_COLUMNS = ["ROW_ID", "SUBJECT_ID", "HADM_ID", "CATEGORY", "CHARTDATE", "CHARTTIME", "TEXT"]


@dataclass(frozen=True, slots=True)
class ClinicalNote:
    """A row of NOTEEVENTS, as it is there."""

    note_id: str
    subject_id: str
    admission_id: str
    category: str
    chart_date: str
    chart_time: str
    text: str

    @property
    def is_discharge_summary(self) -> bool:
        """Whether it is a discharge summary, or an addendum to one."""
        return self.category == DISCHARGE_SUMMARY

    @property
    def order(self) -> tuple[bool, str, str, int]:
        """Its place among the notes of its admission: discharge summaries come first, then time decides."""
        return not self.is_discharge_summary, self.chart_date, self.chart_time, int(self.note_id)


def read_clinical_notes(
    path: Path, wanted: Collection[str], progress: Callable[[int], None] | None = None
) -> dict[str, ClinicalNote]:
    """Return the wanted rows of NOTEEVENTS by their ROW_ID.

    Raises
    ------
    SourceError
        If the file is malformed, a wanted row is there twice or has no subject, or an admission has
        two subjects.

    """
    ids = pa.array(sorted(wanted), pa.string())
    notes: dict[str, ClinicalNote] = {}
    subjects: dict[str, str] = {}
    for first, batch in read_batches(path, _COLUMNS):
        places = pc.indices_nonzero(pc.is_in(batch.column("ROW_ID"), value_set=ids))
        rows = batch.take(places).to_pylist()
        for place, row in zip(places.to_pylist(), rows, strict=True):
            note = ClinicalNote(*(row[column] for column in _COLUMNS))
            _check(note, notes, subjects, path, first + place)
            notes[note.note_id] = note
        if progress:
            progress(batch.num_rows)
    return notes


def _check(
    note: ClinicalNote, notes: Collection[str], subjects: dict[str, str], path: Path, row: int
) -> None:
    if note.note_id in notes:
        raise SourceError(
            "has a ROW_ID that an earlier row has", path=path, row=row, remedy="Ids must be unique"
        )
    if not note.subject_id:
        raise SourceError("has no SUBJECT_ID", path=path, row=row, remedy="Download it again")
    check_admission(note.admission_id, path, row)
    if note.admission_id and subjects.setdefault(note.admission_id, note.subject_id) != note.subject_id:
        raise SourceError(
            f"gives the admission {note.admission_id} the subject {note.subject_id}, "
            f"an earlier row {subjects[note.admission_id]}",
            path=path,
            row=row,
            remedy="Every admission is of one subject: download it again",
        )
