"""The official file layout of MIMIC-IV 2.2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

from clem_icd.icd import Code, default_codebook
from clem_icd.synthetic.chart import Chart, CodeRow
from clem_icd.synthetic.rows import csv_gz
from clem_icd.synthetic.writer import Mention

__all__ = ["Mimic4Tree"]

_NOTE = Path("physionet.org/files/mimic-iv-note/2.2/note")
_HOSP = Path("physionet.org/files/mimiciv/2.2/hosp")
_STORED = timedelta(hours=7)  # from charttime to storetime


class Mimic4Tree:
    """The raw files of one synthetic hospital, filled one admission at a time inside a ``with`` block.

    Parameters
    ----------
    root
        The folder to fill.

    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._codes: set[Code] = set()
        self._subject, self._number = 0, 0
        self._stack = ExitStack()

    def __enter__(self) -> Mimic4Tree:
        keys = ("subject_id", "hadm_id", "seq_num")
        code = ("icd_code", "icd_version")
        self._notes = self._stack.enter_context(
            csv_gz(
                self._root / _NOTE / "discharge.csv.gz",
                (
                    "note_id",
                    "subject_id",
                    "hadm_id",
                    "note_type",
                    "note_seq",
                    "charttime",
                    "storetime",
                    "text",
                ),
            )
        )
        self._diagnoses = self._stack.enter_context(
            csv_gz(self._root / _HOSP / "diagnoses_icd.csv.gz", (*keys, *code))
        )
        self._procedures = self._stack.enter_context(
            csv_gz(self._root / _HOSP / "procedures_icd.csv.gz", (*keys, "chartdate", *code))
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, chart: Chart) -> Iterator[tuple[str, tuple[Mention, ...]]]:
        """Write one admission; yield the id and the evidence of each note, in order."""
        self._add_codes(chart)
        admission = chart.admission
        if admission.subject_id != self._subject:
            self._subject, self._number = admission.subject_id, 0
        for document in chart.documents:
            self._number += 1
            note_id = f"{admission.subject_id}-DS-{self._number}"
            charted = datetime.combine(document.charted, datetime.min.time())
            hadm_id = admission.hadm_id if document.linked else None
            keys = (note_id, admission.subject_id, hadm_id, "DS", self._number)
            self._notes.writerow((*keys, charted, document.charted + _STORED, document.text))
            yield note_id, document.evidence

    def finish(self) -> None:
        """Write the titles of all assigned codes."""
        for name, wanted in (("diagnoses", True), ("procedures", False)):
            entries = {
                (row.written, row.icd_version, default_codebook().title(code.value, code.system))
                for code in self._codes
                if (row := CodeRow.of(code)).is_diagnosis is wanted
            }
            with csv_gz(
                self._root / _HOSP / f"d_icd_{name}.csv.gz", ("icd_code", "icd_version", "long_title")
            ) as rows:
                for entry in sorted(entries, key=lambda entry: entry[:2]):
                    rows.writerow(entry)

    def _add_codes(self, chart: Chart) -> None:
        self._codes |= chart.codes
        admission = chart.admission
        keys = (admission.subject_id, admission.hadm_id)
        diagnoses = [row for row in chart.rows if row.is_diagnosis]
        for at, row in enumerate(diagnoses, start=1):
            self._diagnoses.writerow((*keys, at, row.written, row.icd_version))
        procedures = [row for row in chart.rows if not row.is_diagnosis]
        for at, row in enumerate(procedures, start=1):
            self._procedures.writerow((*keys, at, admission.admitted.date(), row.written, row.icd_version))
