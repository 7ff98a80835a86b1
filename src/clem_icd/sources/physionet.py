"""Finding files in a folder that a PhysioNet download created, or in any part of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clem_icd.errors import SourceError

_DOWNLOAD = "physionet.org", "files"
_SUFFIXES = ".csv.gz", ".csv"


@dataclass(frozen=True, slots=True)
class Module:
    """A part of a data set that PhysioNet offers as one download.

    Attributes
    ----------
    dataset
        The common name of the data set.
    name, folder
        Its files are in ``<name>/<release>/<folder>``; ``folder`` may be empty.

    """

    dataset: str
    name: str
    folder: str = ""

    def folders(self, raw: Path) -> list[Path]:
        """Return the folders of all its releases in ``raw``."""
        pattern = f"{self.name}/*/{self.folder}".removesuffix("/")
        return sorted(path for base in _bases(raw) for path in base.glob(pattern) if path.is_dir())


MIMIC3 = Module("MIMIC-III", "mimiciii")
MIMIC4_CODES = Module("MIMIC-IV", "mimiciv", "hosp")
MIMIC4_NOTES = Module("MIMIC-IV", "mimic-iv-note", "note")

_MODULES = MIMIC3, MIMIC4_CODES, MIMIC4_NOTES


def find_file(raw: Path, module: Module, name: str) -> Path | None:
    """Return a csv file of a module, compressed or not; None if there is none.

    Raises
    ------
    SourceError
        If there are several releases of the module.

    """
    folders = module.folders(raw)
    if len(folders) > 1:
        releases = ", ".join(_release(folder, module) for folder in folders)
        raise SourceError(
            f"has several releases of {module.name}: {releases}", path=raw, remedy="Keep only one of them"
        )
    candidates = (folder / f"{name}{suffix}" for folder in folders for suffix in _SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)


def require_file(raw: Path, module: Module, name: str) -> Path:
    """Return a csv file of a module.

    Raises
    ------
    SourceError
        If it is missing. If the tree is that of another data set, the error says so.

    """
    path = find_file(raw, module, name)
    if path is not None:
        return path
    there = {one.dataset for one in _MODULES if one.folders(raw)}
    if there and module.dataset not in there:
        raise SourceError(
            f"contains {' and '.join(sorted(there))}, expected {module.dataset}",
            path=raw,
            remedy=f"Name the folder of {module.dataset}, or choose a source that reads what is there",
        )
    where = "/".join(part for part in (module.name, "<release>", module.folder) if part)
    places = [str(folder) for folder in module.folders(raw)] or [str(base / where) for base in _bases(raw)]
    parts = "/".join(part for part in (module.name, module.folder) if part)
    raise SourceError(
        f"has no {name}.csv.gz or {name}.csv; looked in {', '.join(places)}",
        path=raw,
        remedy=f"Download {parts} of {module.dataset}, or name the folder that contains physionet.org",
    )


def tree_roots(raw: Path) -> tuple[Path, ...]:
    """Return ``raw`` and its parent folders in the same tree.

    With ``physionet.org`` or its ``files`` as the raw folder, the tree begins above it.
    """
    folders = [raw.resolve()]
    for name in reversed(_DOWNLOAD):
        if folders[-1].name == name:
            folders.append(folders[-1].parent)
    return tuple(folders)


def _bases(raw: Path) -> tuple[Path, ...]:
    return raw.joinpath(*_DOWNLOAD), raw / _DOWNLOAD[-1], raw


def _release(folder: Path, module: Module) -> str:
    return (folder.parent if module.folder else folder).name
