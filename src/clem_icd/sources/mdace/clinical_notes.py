"""The annotated notes among the two million in NOTEEVENTS, read in one pass that keeps only them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from clem_icd.sources.mimic.notes import DISCHARGE_SUMMARY
from clem_icd.sources.mimic.rows import check_note_rows
from clem_icd.tabular.batches import read_batches

_COLUMNS = ["ROW_ID", "SUBJECT_ID", "HADM_ID", "CATEGORY", "CHARTDATE", "CHARTTIME", "TEXT"]
_CHECKED = {"note_id": "ROW_ID", "subject": "SUBJECT_ID", "admission": "HADM_ID"}


@dataclass(frozen=True, slots=True)
class ClinicalNote:
    """A row of NOTEEVENTS, unchanged."""

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
        """Its place among the notes of its admission: discharge summaries first, then by time."""
        return not self.is_discharge_summary, self.chart_date, self.chart_time, int(self.note_id)


def read_clinical_notes(
    path: Path, wanted: Collection[str], progress: Callable[[int], None] | None = None
) -> dict[str, ClinicalNote]:
    """Return the wanted rows of NOTEEVENTS by ROW_ID, in file order.

    Raises
    ------
    SourceError
        If the file or a wanted row is malformed (`clem_icd.sources.mimic.rows.check_note_rows`).

    """
    ids = pa.array(sorted(wanted), pa.string())
    notes: list[ClinicalNote] = []
    rows: list[int] = []
    for first, batch in read_batches(path, _COLUMNS):
        places = pc.indices_nonzero(pc.is_in(batch.column("ROW_ID"), value_set=ids))
        rows += [first + place for place in places.to_pylist()]
        found = batch.take(places).to_pylist()
        notes += [ClinicalNote(*(row[column] for column in _COLUMNS)) for row in found]
        if progress:
            progress(batch.num_rows)
    _check(notes, rows, path)
    return {note.note_id: note for note in notes}


def _check(notes: list[ClinicalNote], rows: list[int], path: Path) -> None:
    ids = [(note.note_id, note.subject_id, note.admission_id) for note in notes]
    frame = pl.DataFrame(ids, dict.fromkeys(_CHECKED, pl.String), orient="row")
    check_note_rows(frame.with_columns(row=pl.Series(rows, dtype=pl.Int64)), path, _CHECKED, numbered=True)
