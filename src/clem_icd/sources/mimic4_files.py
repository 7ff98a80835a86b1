"""Where MIMIC-IV's files lie: as PhysioNet's own download lays them out, or any folder below that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clem_icd.errors import SourceError

_DOWNLOAD = "physionet.org", "files"
_CODES = "mimiciv", "hosp"
_NOTES = "mimic-iv-note", "note"


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
        titles = (_find(raw, _CODES, name) for name in ("d_icd_diagnoses", "d_icd_procedures"))
        return cls(
            discharge=_required(raw, _NOTES, "discharge"),
            diagnoses=_required(raw, _CODES, "diagnoses_icd"),
            procedures=_required(raw, _CODES, "procedures_icd"),
            titles=tuple(path for path in titles if path is not None),
        )

    def all(self) -> tuple[Path, ...]:
        """Return every file, in a fixed order."""
        return (self.discharge, self.diagnoses, self.procedures, *self.titles)

    def roots(self) -> tuple[Path, ...]:
        """Return the folders that may be the root of the tree: that of the modules, and those above it.

        Whoever names ``physionet.org`` or its ``files`` as raw folder has named a part of the tree.
        """
        folders = [self.discharge.parents[3].resolve()]
        for name in reversed(_DOWNLOAD):
            if folders[-1].name == name:
                folders.append(folders[-1].parent)
        return tuple(folders)


def _required(raw: Path, module: tuple[str, str], name: str) -> Path:
    path = _find(raw, module, name)
    if path is None:
        places = [str(folder) for folder in _folders(raw, module)] or [
            str(base / module[0] / "<release>" / module[1]) for base in _bases(raw)
        ]
        raise SourceError(
            f"has no {name}.csv.gz or {name}.csv; looked in {', '.join(places)}",
            path=raw,
            remedy=f"Download {'/'.join(module)} of MIMIC-IV, or name the folder that holds physionet.org",
        )
    return path


def _find(raw: Path, module: tuple[str, str], name: str) -> Path | None:
    folders = _folders(raw, module)
    if len(folders) > 1:
        raise SourceError(
            f"has {module[0]} in several releases: {', '.join(folder.parent.name for folder in folders)}",
            path=raw,
            remedy="Keep one of them",
        )
    candidates = (folder / f"{name}{suffix}" for folder in folders for suffix in (".csv.gz", ".csv"))
    return next((path for path in candidates if path.is_file()), None)


def _folders(raw: Path, module: tuple[str, str]) -> list[Path]:
    return sorted(
        path for base in _bases(raw) for path in base.glob(f"{module[0]}/*/{module[1]}") if path.is_dir()
    )


def _bases(raw: Path) -> tuple[Path, ...]:
    return raw.joinpath(*_DOWNLOAD), raw / _DOWNLOAD[-1], raw
