"""The official file layout of MIMIC-III 1.4."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from random import Random

from clem_icd.icd import Code, default_codebook, undot
from clem_icd.synthetic.chart import Chart, CodeRow, Document
from clem_icd.synthetic.hospital import Admission
from clem_icd.synthetic.phrases import pick
from clem_icd.synthetic.rows import RowWriter, csv_gz
from clem_icd.synthetic.writer import Mention

__all__ = ["FIRST_ROW", "Mimic3Tree"]

# ROW_ID of the first note: beyond MIMIC-III's 2,083,180, so that lists of its notes never match by accident.
FIRST_ROW = 70_000_001

_TREE = Path("physionet.org/files/mimiciii/1.4")
_KEYS = ("ROW_ID", "SUBJECT_ID", "HADM_ID")
_NOTES = (
    *_KEYS, "CHARTDATE", "CHARTTIME", "STORETIME", "CATEGORY", "DESCRIPTION", "CGID", "ISERROR", "TEXT",
)  # fmt: skip
_CODES = (*_KEYS, "SEQ_NUM", "ICD9_CODE")
_CPT = (
    *_KEYS, "COSTCENTER", "CHARTDATE", "CPT_CD", "CPT_NUMBER", "CPT_SUFFIX", "TICKET_ID_SEQ", "SECTIONHEADER",
    "SUBSECTIONHEADER", "DESCRIPTION",
)  # fmt: skip
_TITLES = ("ROW_ID", "ICD9_CODE", "SHORT_TITLE", "LONG_TITLE")

_VISITS = (
    ("99223", "Hospital inpatient services"), ("99232", "Hospital inpatient services"),
    ("99238", "Hospital inpatient services"), ("99291", "Critical care services"),
)  # fmt: skip
_SHORT = 24  # characters in a SHORT_TITLE
_CAREGIVERS = (14010, 21570)


class Mimic3Tree:
    """The raw files of one synthetic hospital, filled one admission at a time inside a ``with`` block.

    Parameters
    ----------
    root
        The folder to fill.

    """

    def __init__(self, root: Path) -> None:
        self._tree = root / _TREE
        self._codes: set[Code] = set()
        self._rows = {"notes": FIRST_ROW - 1, "diagnoses": 0, "procedures": 0, "cpt": 0}
        self._waiting: list[tuple[int, int, tuple[object, ...]]] = []
        self._stack = ExitStack()

    def __enter__(self) -> Mimic3Tree:
        self._notes = self._open("NOTEEVENTS", _NOTES)
        self._diagnoses = self._open("DIAGNOSES_ICD", _CODES)
        self._procedures = self._open("PROCEDURES_ICD", _CODES)
        self._cpt = self._open("CPTEVENTS", _CPT)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, chart: Chart) -> Iterator[tuple[str, tuple[Mention, ...]]]:
        """Write one admission; yield the id and the evidence of each note, in order."""
        self._add_codes(chart)
        self._add_visits(chart.admission)
        self._file_due_notes(chart.admission.ordinal)
        for document in chart.documents:
            row_id = self._next("notes")
            due = chart.admission.ordinal + document.delay
            row = _note_row(row_id, chart.admission, document)
            if document.delay:
                heapq.heappush(self._waiting, (due, row_id, row))
            else:
                self._notes.writerow(row)
            yield str(row_id), document.evidence

    def finish(self) -> None:
        """File the delayed notes, and write the titles of all assigned codes."""
        while self._waiting:
            self._notes.writerow(heapq.heappop(self._waiting)[2])
        for name, wanted in (("DIAGNOSES", True), ("PROCEDURES", False)):
            codes = {code for code in self._codes if CodeRow.of(code).is_diagnosis is wanted}
            rows = self._open(f"D_ICD_{name}", _TITLES)
            for number, code in enumerate(sorted(codes, key=lambda code: undot(code.value)), start=1):
                title = default_codebook().title(code.value, code.system)
                rows.writerow((number, undot(code.value), title and title[:_SHORT].rstrip(), title))

    def _open(self, name: str, columns: tuple[str, ...]) -> RowWriter:
        return self._stack.enter_context(csv_gz(self._tree / f"{name}.csv.gz", columns, quote_text=True))

    def _next(self, table: str) -> int:
        self._rows[table] += 1
        return self._rows[table]

    def _file_due_notes(self, ordinal: int) -> None:
        while self._waiting and self._waiting[0][0] <= ordinal:
            self._notes.writerow(heapq.heappop(self._waiting)[2])

    def _add_codes(self, chart: Chart) -> None:
        self._codes |= chart.codes
        for table, writer, wanted in (
            ("diagnoses", self._diagnoses, True),
            ("procedures", self._procedures, False),
        ):
            rows = (row for row in chart.rows if row.is_diagnosis is wanted)
            for number, row in enumerate(rows, start=1):
                # Rows without a code have no sequence number in MIMIC-III.
                seq_num = number if row.code else None
                admission = chart.admission
                keys = (self._next(table), admission.subject_id, admission.hadm_id)
                writer.writerow((*keys, seq_num, row.written or None))

    def _add_visits(self, admission: Admission) -> None:
        rng = Random(f"{admission.seed}/visits")
        for number in range(1, 1 + int(rng.random() * 5)):
            code, kind = pick(rng, _VISITS)
            keys = (self._next("cpt"), admission.subject_id, admission.hadm_id, "ICU", None)
            self._cpt.writerow(
                (*keys, code, int(code), None, number, "Evaluation and management", kind, None)
            )


def _note_row(row_id: int, admission: Admission, document: Document) -> tuple[object, ...]:
    time = document.charted if document.timed else None
    caregiver = _CAREGIVERS[0] + row_id % (_CAREGIVERS[1] - _CAREGIVERS[0]) if document.timed else None
    return (
        row_id,
        admission.subject_id,
        admission.hadm_id if document.linked else None,
        document.charted.date(),
        time,
        time and datetime.combine(time.date(), time.time().replace(minute=59)),
        document.category,
        document.description,
        caregiver,
        "1" if document.is_error else None,
        document.text or None,
    )
