"""Why a file of a module is missing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from clem_icd.errors import SourceError
from clem_icd.sources.physionet.modules import MODULES, NOTE_TABLES, Module

UNPACK = "Unpack it, and name the folder that it is unpacked to"


def missing_file(raw: Path, module: Module, name: str) -> SourceError:
    """Return the error for a missing csv file of a module, with the most likely cause."""
    folders = module.folders(raw)
    if not folders:
        for archive in module.archives_in(raw):
            return SourceError(f"{module.dataset} is still zipped", path=archive, remedy=UNPACK)
    if name in NOTE_TABLES and any(one.has_demo(raw) for one in _parts_of(module.dataset)):
        return no_note_text(raw, module.dataset)
    there = {one.dataset for one in MODULES if one.folders(raw)}
    if there and module.dataset not in there:
        return SourceError(
            f"contains {' and '.join(sorted(there))}, expected {module.dataset}",
            path=raw,
            remedy=f"Name the folder of {module.dataset}, or choose a source that reads what is there",
        )
    places = [folder.relative_to(raw) for folder in folders] or module.usual_places()
    parts = "/".join(part for part in (module.name, module.folder) if part)
    return SourceError(
        f"has no {name}.csv.gz or {name}.csv; looked in {listed(places)}",
        path=raw,
        remedy=f"Download {parts} of {module.dataset}, or name the folder that contains the download",
    )


def no_note_text(path: Path, dataset: str) -> SourceError:
    """Return the error for a data set without notes: its demo has none."""
    names = " and ".join(one.name for one in _parts_of(dataset))
    return SourceError(
        f"contains no notes: the demo of {dataset} has no note text",
        path=path,
        remedy=f"Download {names} from PhysioNet, which requires credentialed access",
    )


def listed(places: Iterable[Path]) -> str:
    """Return folders, relative to the raw folder, as a list for an error."""
    return ", ".join("the folder itself" if place == Path() else str(place) for place in places)


def _parts_of(dataset: str) -> list[Module]:
    return [one for one in MODULES if one.dataset == dataset]
