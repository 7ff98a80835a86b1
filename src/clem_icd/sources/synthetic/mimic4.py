"""The files of MIMIC-IV 2.2: how admissions and notes look in its official layout."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

from clem_icd.icd import Code, CodeSystem, default_codebook, undot
from clem_icd.sources.synthetic.hospital import Admission
from clem_icd.sources.synthetic.note import Note
from clem_icd.sources.synthetic.rows import csv_gz

__all__ = ["Mimic4Layout"]

_NOTE = Path("physionet.org/files/mimic-iv-note/2.2/note")
_HOSP = Path("physionet.org/files/mimiciv/2.2/hosp")
_DIAGNOSES = (CodeSystem.ICD9CM, CodeSystem.ICD10CM)


class Mimic4Layout:
    """The tree of one synthetic hospital, filled admission by admission inside a ``with`` block.

    Parameters
    ----------
    root
        The folder to fill.

    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._codes: set[Code] = set()
        self._stack = ExitStack()

    def __enter__(self) -> Mimic4Layout:
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

    def add(self, admission: Admission, note: Note, number: int) -> str:
        """Write one admission with its note, its subject's ``number``-th; return the note's id."""
        note_id = f"{admission.subject_id}-DS-{number}"
        charted = datetime.combine(admission.discharged, datetime.min.time())
        stored = admission.discharged + timedelta(hours=7)
        self._notes.writerow(
            (note_id, admission.subject_id, admission.hadm_id, "DS", number, charted, stored, note.text)
        )
        self._add_codes(admission)
        return note_id

    def finish(self) -> None:
        """Write the titles of every code that was used."""
        for name, wanted in (("diagnoses", True), ("procedures", False)):
            codes = [code for code in self._codes if (code.system in _DIAGNOSES) is wanted]
            with csv_gz(
                self._root / _HOSP / f"d_icd_{name}.csv.gz", ("icd_code", "icd_version", "long_title")
            ) as rows:
                for code in sorted(codes, key=lambda code: (undot(code.value), _version(code))):
                    rows.writerow(
                        (undot(code.value), _version(code), default_codebook().title(code.value, code.system))
                    )

    def _add_codes(self, admission: Admission) -> None:
        keys = (admission.subject_id, admission.hadm_id)
        codes = [problem.code for problem in admission.problems]
        self._codes.update(codes)
        diagnoses = [code for code in codes if code.system in _DIAGNOSES]
        for at, code in enumerate(diagnoses, start=1):
            self._diagnoses.writerow((*keys, at, undot(code.value), _version(code)))
        procedures = [code for code in codes if code.system not in _DIAGNOSES]
        for at, code in enumerate(procedures, start=1):
            self._procedures.writerow(
                (*keys, at, admission.admitted.date(), undot(code.value), _version(code))
            )


def _version(code: Code) -> int:
    return 9 if code.system in (CodeSystem.ICD9CM, CodeSystem.ICD9PCS) else 10
