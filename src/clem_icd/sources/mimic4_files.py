"""The files of MIMIC-IV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clem_icd.sources.physionet import MIMIC4_CODES, MIMIC4_NOTES, find_file, require_file


@dataclass(frozen=True, slots=True)
class Mimic4Files:
    """The files of MIMIC-IV that a corpus is made of."""

    discharge: Path
    diagnoses: Path
    procedures: Path
    titles: tuple[Path, ...]

    @classmethod
    def find(cls, raw: Path) -> Mimic4Files:
        """Find the files below a folder, whatever the release, compressed or not.

        ``raw`` may be the folder that holds ``physionet.org``, that one, or its ``files``.

        Raises
        ------
        SourceError
            If a file is missing, or a module is there in several releases.

        """
        titles = (find_file(raw, MIMIC4_CODES, name) for name in ("d_icd_diagnoses", "d_icd_procedures"))
        return cls(
            discharge=require_file(raw, MIMIC4_NOTES, "discharge"),
            diagnoses=require_file(raw, MIMIC4_CODES, "diagnoses_icd"),
            procedures=require_file(raw, MIMIC4_CODES, "procedures_icd"),
            titles=tuple(path for path in titles if path is not None),
        )

    def all(self) -> tuple[Path, ...]:
        """Return every file, in a fixed order."""
        return (self.discharge, self.diagnoses, self.procedures, *self.titles)
