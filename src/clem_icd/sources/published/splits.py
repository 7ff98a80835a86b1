"""The split files behind published numbers: the user's copy, or downloaded once and checked."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from clem_icd.errors import SourceError
from clem_icd.files import cache_folder, sha256_of
from clem_icd.tabular.split_files import SplitFiles

_TIMEOUT = 30  # seconds without an answer


@dataclass(frozen=True, slots=True)
class _Published:
    """The published files, and the splits they define.

    Attributes
    ----------
    urls, hashes
        Address and SHA-256 of every file, by its name in the splits folder of its repository.
    splits
        By source, then by compat: the name of one file, or the name of a file for each split.

    """

    urls: Mapping[str, str]
    hashes: Mapping[str, str]
    splits: Mapping[str, Mapping[str, str | Mapping[str, str]]]


def find_split(
    source: str, compat: str = "edin2024", splits: Path | None = None, *, also: Sequence[Path] = ()
) -> SplitFiles:
    """Find the files of a published split, or download them.

    Parameters
    ----------
    source
        A source such as ``mimic3-full``.
    compat
        The pipeline that the split belongs to: ``edin2024``, ``edin2023`` or ``caml``.
    splits
        A file with the columns ``_id`` and ``split``, or a folder that contains the published files, either
        flat or with the folders of their repositories. For ``caml``, the files of Edin et al. will do too.
        Without it, the files are downloaded once.
    also
        Folders to search before downloading, such as a clone of MDACE.

    Raises
    ------
    SourceError
        If ``splits`` does not contain the files, or they can neither be found nor downloaded.

    """
    wanted = _split_of(source, compat)
    if splits is None:
        local = next((paths for folder in also if (paths := _found_in(folder, wanted))), ())
        paths = local or _downloaded(wanted.paths)
        return replace(wanted, paths=paths, notices=_differences(wanted.paths, local))
    if splits.is_file():
        return SplitFiles((splits,), notices=_differences(wanted.paths, (splits,)))
    if found := _found_in(splits, wanted):
        return replace(wanted, paths=found, notices=_differences(wanted.paths, found))
    other = _split_of(source, "edin2024")
    if other.paths != wanted.paths and (found := _found_in(splits, other)):
        notice = f"The split comes from {found[0].name}, since the folder has no split files of {compat}"
        return replace(other, paths=found, notices=(notice, *_differences(other.paths, found)))
    raise _missing(splits, wanted.paths)


@cache
def _published() -> _Published:
    text = files(__package__).joinpath("splits.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    repositories = content["repositories"]
    return _Published(
        urls={name: repository["url"] + name for repository in repositories for name in repository["files"]},
        hashes={name: sha256 for repository in repositories for name, sha256 in repository["files"].items()},
        splits=content["splits"],
    )


def _split_of(source: str, compat: str) -> SplitFiles:
    """Return the published files of a split; their paths are their names in the repository."""
    splits = _published().splits
    if compat not in splits.get(source, {}):
        raise SourceError(f"{compat} has no published split of {source}", remedy="Name a split file")
    split = splits[source][compat]
    if isinstance(split, str):
        return SplitFiles((Path(split),))
    return SplitFiles(tuple(map(Path, split.values())), tuple(split))


def _found_in(folder: Path, wanted: SplitFiles) -> tuple[Path, ...]:
    """Return the wanted files in a folder; nothing if any is missing."""
    found = [next((path for path in _places(folder, name) if path.is_file()), None) for name in wanted.paths]
    return tuple(path for path in found if path) if all(found) else ()


def _places(folder: Path, name: Path) -> Iterator[Path]:
    yield folder / name
    if len(name.parts) > 1:
        parent = name.parent.name
        # MDACE's own repository calls splits/Inpatient what Edin et al. call mdace/inpatient.
        yield from (
            folder / below / name.name for below in (parent, parent.title(), f"splits/{parent.title()}")
        )
        yield folder / name.name


def _differences(wanted: Sequence[Path], found: Sequence[Path]) -> tuple[str, ...]:
    """Return a notice about files that differ from the published ones; nothing if none does."""
    hashes = _published().hashes
    expected = [{hashes[name.as_posix()]} for name in wanted]
    if len(wanted) != len(found):
        expected = [set().union(*expected)] * len(found)
    foreign = {
        path: sha256
        for path, own in zip(found, expected, strict=True)
        if (sha256 := sha256_of(path)) not in own
    }
    if not foreign:
        return ()
    others = [name for name, sha256 in hashes.items() if sha256 in foreign.values()]
    known = f" ({'it is' if len(others) == 1 else 'they are'} {', '.join(others)})" if others else ""
    which = ", ".join(path.name for path in foreign)
    words = "file {} differs from" if len(foreign) == 1 else "files {} differ from"
    return (f"The split {words.format(which)} the published split of this source{known}",)


def _missing(folder: Path, wanted: Sequence[Path]) -> SourceError:
    lacking = [str(name) for name in wanted if not any(path.is_file() for path in _places(folder, name))]
    found = f"does not contain {', '.join(lacking)}" if folder.is_dir() else "there is no such file or folder"
    return SourceError(
        found, path=folder, remedy="Name the folder that does, or leave out --splits to download them"
    )


def _downloaded(names: Sequence[Path]) -> tuple[Path, ...]:
    # Imported here: most runs find the files, or need none.
    import pooch

    pooch.get_logger().setLevel(logging.WARNING)
    published = _published()
    wanted = [name.as_posix() for name in names]
    store = pooch.create(
        cache_folder("splits"),
        base_url="",
        registry={name: f"sha256:{published.hashes[name]}" for name in wanted},
        urls={name: published.urls[name] for name in wanted},
    )
    # The files are small, and without streaming the connection is closed at once.
    downloader = pooch.HTTPDownloader(timeout=_TIMEOUT, stream=False)
    try:
        return tuple(Path(store.fetch(name, downloader=downloader)) for name in wanted)
    # A wrong hash raises a ValueError; errors of requests and of the disk are OSErrors.
    except (OSError, ValueError) as problem:
        raise _undownloaded(wanted, problem) from problem


def _undownloaded(names: Sequence[str], problem: Exception) -> SourceError:
    reason = (
        "the download differs from the published file"
        if isinstance(problem, ValueError)
        else type(problem).__name__
    )
    them = "it" if len(names) == 1 else "them"
    return SourceError(
        f"{', '.join(names)} could not be downloaded ({reason})",
        remedy=f"Download {them} from {', '.join(_published().urls[name] for name in names)} "
        "into a folder, and pass that folder as --splits",
    )
