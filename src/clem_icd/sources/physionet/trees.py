"""The tree that a raw folder belongs to, if wget created it."""

from __future__ import annotations

from pathlib import Path

DOWNLOAD = "physionet.org", "files"


def tree_roots(raw: Path) -> tuple[Path, ...]:
    """Return ``raw`` and its parent folders in the same tree.

    With ``physionet.org`` or a folder in it as the raw folder, the tree begins above it.
    """
    here = raw.resolve()
    folders = [here, *here.parents]
    names = [folder.name for folder in folders]
    site, files = DOWNLOAD
    if site in names[:-1]:
        return tuple(folders[: names.index(site) + 2])
    return tuple(folders[: 2 if here.name == files else 1])
