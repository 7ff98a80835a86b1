"""The files of MIMIC-III."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clem_icd.sources.physionet import MIMIC3, find_file, require_file


@dataclass(frozen=True, slots=True)
class Mimic3Files:
    """The files of MIMIC-III that a corpus is made of."""

    notes: Path
    diagnoses: Path
    procedures: Path
    titles: tuple[Path, ...]

    @classmethod
    def find(cls, raw: Path) -> Mimic3Files:
        """Find the files below a folder, whatever the release, compressed or not.

        ``raw`` may be the folder that holds ``physionet.org``, that one, or its ``files``.

        Raises
        ------
        SourceError
            If a file is missing, or they are there in several releases.

        """
        titles = (find_file(raw, MIMIC3, name) for name in ("D_ICD_DIAGNOSES", "D_ICD_PROCEDURES"))
        return cls(
            notes=require_file(raw, MIMIC3, "NOTEEVENTS"),
            diagnoses=require_file(raw, MIMIC3, "DIAGNOSES_ICD"),
            procedures=require_file(raw, MIMIC3, "PROCEDURES_ICD"),
            titles=tuple(path for path in titles if path is not None),
        )

    def all(self) -> tuple[Path, ...]:
        """Return every file, in a fixed order."""
        return (self.notes, self.diagnoses, self.procedures, *self.titles)
