"""Finding a file of a module."""

from __future__ import annotations

from pathlib import Path

from clem_icd.errors import SourceError
from clem_icd.sources.physionet.missing import listed, missing_file
from clem_icd.sources.physionet.modules import Module, file_in


def find_file(raw: Path, module: Module, name: str) -> Path | None:
    """Return a csv file of a module, compressed or not; None if there is none.

    Raises
    ------
    SourceError
        If there are several releases of the module.

    """
    found = module.folders(raw)
    # An empty one is often what is left of a release that was deleted.
    folders = [folder for folder in found if any(folder.iterdir())] or found
    if len(folders) > 1:
        releases = listed(folder.relative_to(raw) for folder in folders)
        raise SourceError(
            f"has several releases of {module.name}: {releases}", path=raw, remedy="Keep only one of them"
        )
    return file_in(folders[0], name) if folders else None


def require_file(raw: Path, module: Module, name: str) -> Path:
    """Return a csv file of a module.

    Raises
    ------
    SourceError
        If it is missing. If the tree is that of another data set or of a demo, or the download is still
        zipped, the error says so.

    """
    path = find_file(raw, module, name)
    if path is None:
        raise missing_file(raw, module, name)
    return path
