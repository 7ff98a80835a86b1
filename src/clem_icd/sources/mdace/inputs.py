"""The raw files that a set of MDACE is made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clem_icd.sources.mdace.files import MdaceFiles
from clem_icd.sources.mdace.sets import MdaceSet
from clem_icd.sources.mimic.files import MimicFiles, find_noteevents
from clem_icd.sources.physionet import MIMIC4_CODES, MIMIC4_NOTES


@dataclass(frozen=True, slots=True)
class MdaceInputs:
    """The annotations, and of MIMIC-III and MIMIC-IV only what the set needs and what exists."""

    notes: Path
    mdace: MdaceFiles
    mimic3: MimicFiles | None
    mimic4: MimicFiles | None

    @classmethod
    def find(cls, raw: Path, chosen: MdaceSet, mdace: Path | None) -> MdaceInputs:
        """Find the files.

        Parameters
        ----------
        raw
            The folder of the PhysioNet download.
        chosen
            The set.
        mdace
            The folder of MDACE, if it is neither in ``raw`` nor next to it.

        Raises
        ------
        SourceError
            If a file is missing.

        """
        modules = () if chosen.with_mimic3 else (MIMIC4_CODES, MIMIC4_NOTES)
        return cls(
            find_noteevents(raw),
            MdaceFiles.find(raw, mdace, chosen.setting, chosen.revision),
            MimicFiles.mimic3(raw) if chosen.with_mimic3 else None,
            MimicFiles.mimic4(raw) if any(module.folders(raw) for module in modules) else None,
        )

    def all(self) -> Iterator[Path]:
        """Yield every file, in a fixed order."""
        yield self.notes
        if self.mimic3:
            yield from (self.mimic3.diagnoses, self.mimic3.procedures)
        if self.mimic4:
            yield from (self.mimic4.notes, self.mimic4.diagnoses, self.mimic4.procedures)
        yield from self.mdace.all()
