"""Finding the annotations of MDACE: next to the raw files, or in a folder that the user names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clem_icd.errors import SourceError
from clem_icd.sources.physionet import tree_roots

Setting = Literal["Inpatient", "Profee"]
Revision = Literal["ICD-9", "ICD-10"]

RELEASE = "1.0"
REVISIONS: tuple[Revision, ...] = ("ICD-9", "ICD-10")

_SETTINGS: tuple[Setting, ...] = ("Inpatient", "Profee")
_NAMES = ("MDACE", "MDace", "mdace")
_WHERE = "Get MDACE from https://github.com/3mcloud/MDACE, and pass its folder as --mdace"


@dataclass(frozen=True, slots=True)
class MdaceFiles:
    """The annotation files of one setting, by the folder of the ICD revision they are in.

    Attributes
    ----------
    root
        The folder that contains ``Inpatient`` and ``Profee``.
    by_revision
        The files, sorted. The folder of the other revision may be absent.

    """

    root: Path
    by_revision: dict[Revision, tuple[Path, ...]]

    @classmethod
    def find(cls, raw: Path, mdace: Path | None, setting: Setting, revision: Revision) -> MdaceFiles:
        """Find the annotations of a setting.

        Parameters
        ----------
        raw
            The raw folder; MDACE is searched for in it and next to it.
        mdace
            Where MDACE is instead: its repository, the repository's ``data``, or any folder that contains
            ``Inpatient`` and ``Profee``.
        setting, revision
            The annotations that must exist.

        Raises
        ------
        SourceError
            If they do not exist, or only in another release.

        """
        root = _root(raw, mdace)
        folders = {one: root / setting / one for one in REVISIONS}
        if not folders[revision].is_dir():
            raise SourceError(f"has no {setting}/{revision}", path=root, remedy=_WHERE)
        return cls(root, {one: _files(folder) for one, folder in folders.items() if folder.is_dir()})

    def all(self) -> tuple[Path, ...]:
        """Return every file, in a fixed order."""
        return tuple(path for paths in self.by_revision.values() for path in paths)

    def split_folders(self) -> tuple[Path, ...]:
        """Return the folders that may contain MDACE's own split files."""
        return tuple(path for folder in (self.root.parent, self.root) if (path := folder / "splits").is_dir())


def _root(raw: Path, mdace: Path | None) -> Path:
    if mdace is not None:
        root = _annotations(mdace)
        if root is None:
            raise SourceError(
                "contains neither Inpatient nor Profee, directly or in data",
                path=mdace,
                remedy=_WHERE,
            )
        return root
    roots = tree_roots(raw)
    beside = [folder / name for folder in (*roots, roots[-1].parent) for name in _NAMES]
    found = next((root for path in beside if (root := _annotations(path)) is not None), None)
    if found is None:
        raise SourceError(
            f"no MDACE in this folder or next to it ({', '.join(_NAMES)})", path=raw, remedy=_WHERE
        )
    return found


def _annotations(folder: Path) -> Path | None:
    places = (folder, folder / "data", folder / "annotations")
    return next((place for place in places if any((place / setting).is_dir() for setting in _SETTINGS)), None)


def _files(folder: Path) -> tuple[Path, ...]:
    files = tuple(sorted((folder / RELEASE).glob("*.json")))
    if not files:
        releases = [path.name for path in sorted(folder.iterdir()) if any(path.glob("*.json"))]
        found = f"contains release {', '.join(releases)}" if releases else "contains no annotations"
        raise SourceError(f"{found}, expected release {RELEASE}", path=folder, remedy=_WHERE)
    return files
