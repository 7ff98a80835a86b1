"""Finding the files of MIMIC-III and MIMIC-IV: the same tables under different names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clem_icd.sources.physionet import (
    MIMIC3,
    MIMIC4_CODES,
    MIMIC4_NOTES,
    Module,
    find_file,
    no_note_text,
    require_file,
)
from clem_icd.tabular.delimited import read_rows


@dataclass(frozen=True, slots=True)
class MimicFiles:
    """The files of one data set that a corpus is made from."""

    notes: Path
    diagnoses: Path
    procedures: Path
    titles: tuple[Path, ...]

    @classmethod
    def mimic3(cls, raw: Path) -> MimicFiles:
        """Find the files of MIMIC-III in a folder, compressed or not.

        ``raw`` may be the folder that contains ``physionet.org`` or an unpacked ZIP file, any folder of these
        above the files, or the folder of the files.

        Raises
        ------
        SourceError
            If a file is missing, there are several releases of a module, or NOTEEVENTS has no notes.

        """
        tables = "DIAGNOSES_ICD", "PROCEDURES_ICD", "D_ICD_DIAGNOSES", "D_ICD_PROCEDURES"
        return cls._found(find_noteevents(raw), raw, MIMIC3, tables)

    @classmethod
    def mimic4(cls, raw: Path) -> MimicFiles:
        """Find the files of MIMIC-IV, any release, in the same way as `mimic3`."""
        tables = "diagnoses_icd", "procedures_icd", "d_icd_diagnoses", "d_icd_procedures"
        return cls._found(require_file(raw, MIMIC4_NOTES, "discharge"), raw, MIMIC4_CODES, tables)

    @classmethod
    def _found(cls, notes: Path, raw: Path, module: Module, tables: tuple[str, str, str, str]) -> MimicFiles:
        diagnoses, procedures, *titles = tables
        found = (find_file(raw, module, name) for name in titles)
        return cls(
            notes=notes,
            diagnoses=require_file(raw, module, diagnoses),
            procedures=require_file(raw, module, procedures),
            titles=tuple(path for path in found if path is not None),
        )

    def code_tables(self) -> dict[str, Path]:
        """Return the tables of codes by kind."""
        return {"diagnosis": self.diagnoses, "procedure": self.procedures}

    def all(self) -> tuple[Path, ...]:
        """Return every file, in a fixed order."""
        return (self.notes, self.diagnoses, self.procedures, *self.titles)


def find_noteevents(raw: Path) -> Path:
    """Return MIMIC-III's file of notes.

    Raises
    ------
    SourceError
        If it is missing, there are several releases, or it has only a header, as in the demo.

    """
    path = require_file(raw, MIMIC3, MIMIC3.table)
    if next(read_rows(path, []), None) is None:
        raise no_note_text(path, MIMIC3.dataset)
    return path
