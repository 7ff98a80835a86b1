"""What PhysioNet offers of MIMIC, and the folders of a download that it may be in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from clem_icd.sources.physionet.trees import DOWNLOAD

_SUFFIXES = ".csv.gz", ".csv"
_RELEASE = "[0-9].[0-9]"
_VERSION = "-[0-9]*"
_DEMO_PATIENTS = "demo_subject_id.csv"  # only the demo of MIMIC-IV has it


@dataclass(frozen=True, slots=True)
class Module:
    """A part of a data set that PhysioNet offers as one download.

    Attributes
    ----------
    dataset
        The common name of the data set.
    names
        Its names on PhysioNet; a demo's ends in ``-demo``. wget puts the files in
        ``<name>/<release>/<folder>``.
    archives
        The names of its ZIP files, which unpack to ``<archive>-<release>/<folder>``.
    table
        A table that all its releases have.
    folder
        The folder of its tables in a release; may be empty.
    beside
        A table that is beside `table` where a user put the tables of several modules in one folder. It tells
        MIMIC-IV from MIMIC-III, for the names of their code tables differ only in case.

    """

    dataset: str
    names: tuple[str, ...]
    archives: tuple[str, ...]
    table: str
    folder: str = ""
    beside: str = ""

    @property
    def name(self) -> str:
        """Its name on PhysioNet."""
        return self.names[0]

    def folders(self, raw: Path) -> list[Path]:
        """Return the folders of all its releases in ``raw``.

        Only a few places are looked at; no tree is walked. A folder that is named like a release counts even
        if it is empty; any other must have the module's table.
        """
        found = [path for base in bases(raw) for pattern in self._patterns() for path in base.glob(pattern)]
        named = sorted(path for path in found if path.is_dir())
        around = {parent for path in named for parent in path.parents}
        loose = [raw / self.folder, *sorted(raw.glob(f"{_RELEASE}/{self.folder}".rstrip("/")))]
        if self.beside and file_in(raw, self.beside):
            loose.append(raw)
        return [
            *(path for path in named if path not in around),
            *(path for path in loose if file_in(path, self.table)),
        ]

    def archives_in(self, raw: Path) -> list[Path]:
        """Return its ZIP files that are in ``raw``."""
        names = [f"{name}{_VERSION}.zip" for name in (*self.archives, *self.names)]
        files = (path for base in bases(raw) for path in sorted(base.glob("*.[zZ][iI][pP]")))
        return [path for path in files if any(fnmatch(path.name.lower(), name) for name in names)]

    def has_demo(self, raw: Path) -> bool:
        """Return whether a release in ``raw`` is the demo of the data set."""
        return any(self._is_demo(folder.resolve()) for folder in self.folders(raw))

    def usual_places(self) -> list[Path]:
        """Return a few folders that its tables may be in, relative to ``raw``."""
        releases = Path(*DOWNLOAD, self.name, "<release>"), Path(f"{self.archives[0]}-<release>"), Path()
        return [release / self.folder for release in releases]

    def _patterns(self) -> Iterator[str]:
        for name in self.names:
            yield f"{name}/*/{self.folder}".rstrip("/")
        for name in self.archives:
            release = f"{name}{_VERSION}"
            yield f"{release}/{self.folder}".rstrip("/")
            # Windows unpacks a ZIP file into another folder of that name.
            yield f"{release}/{release}/{self.folder}".rstrip("/")

    def _is_demo(self, folder: Path) -> bool:
        release = folder.parent if self.folder else folder
        return (
            release.parent.name in _demos(self.names)
            or any(fnmatch(release.name, f"{name}{_VERSION}") for name in _demos(self.archives))
            or (release / _DEMO_PATIENTS).is_file()
        )


MIMIC3 = Module(
    "MIMIC-III",
    names=("mimiciii", "mimiciii-demo"),
    archives=("mimic-iii-clinical-database", "mimic-iii-clinical-database-demo"),
    table="NOTEEVENTS",
)
MIMIC4_CODES = Module(
    "MIMIC-IV",
    names=("mimiciv", "mimic-iv-demo"),
    archives=("mimic-iv", "mimic-iv-clinical-database-demo"),
    table="diagnoses_icd",
    folder="hosp",
    beside="discharge",
)
MIMIC4_NOTES = Module(
    "MIMIC-IV",
    names=("mimic-iv-note",),
    archives=("mimic-iv-note-deidentified-free-text-clinical-notes", "mimic-iv-note"),
    table="discharge",
    folder="note",
    beside="discharge",
)

MODULES = MIMIC3, MIMIC4_CODES, MIMIC4_NOTES
NOTE_TABLES = MIMIC3.table, MIMIC4_NOTES.table


def bases(raw: Path) -> tuple[Path, ...]:
    """Return the folders in ``raw`` that releases may be in."""
    return raw.joinpath(*DOWNLOAD), raw / DOWNLOAD[-1], raw


def _demos(names: tuple[str, ...]) -> list[str]:
    return [name for name in names if name.endswith("-demo")]


def file_in(folder: Path, name: str) -> Path | None:
    """Return a csv file in a folder, compressed or not, in any case; None if there is none."""
    wanted = [f"{name}{suffix}" for suffix in _SUFFIXES]
    exact = [path for path in (folder / one for one in wanted) if path.is_file()]
    if exact:
        return exact[0]
    order = [one.lower() for one in wanted]
    alike = [path for path in folder.glob("*") if path.name.lower() in order and path.is_file()]
    return min(alike, key=lambda path: (order.index(path.name.lower()), path.name), default=None)
