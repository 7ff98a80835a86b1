"""The folder of the parts of a bulk run: finished shards, and what they are of.

A shard is a folder that appears whole. It has the scores of its notes, perhaps their evidence, and a record
with the sizes and checksums of both, so that a shard that was damaged later is recognised and scored again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from clem_icd.errors import InputError, OutputError, ScoresError
from clem_icd.files import (
    TEMPORARY_PREFIX,
    create_json,
    new_folder,
    read_json,
    remove_leftovers,
    sha256_of,
    write_json,
)
from clem_icd.locking import LOCK, locked_folder
from clem_icd.prediction.bulk.surveying import Shard
from clem_icd.prediction.split_evidence import SplitEvidence

FORMAT = "clem-icd/parts"
FORMAT_VERSION = 1
SCORES = "scores.parquet"
EVIDENCE = "evidence.parquet"

_MANIFEST = "parts.json"
_RECORD = "shard.json"
_JOINING = "joining.json"

_WHAT = {
    "release": "another release of this package",
    "model": "another model, or a model whose files have changed",
    "labels": "a model with other labels",
    "notes": "other notes, or notes that have changed",
    "options": "other options",
}
"""What a difference in each part of the manifest means."""


class Failed(NamedTuple):
    """A note that cannot be read, and why."""

    note: str
    problem: str


@dataclass(frozen=True)
class Record:
    """What is known about a finished shard.

    Attributes
    ----------
    shard
        Which it is.
    notes
        The number of notes with scores.
    failed
        The notes that cannot be read.
    explained
        What its evidence file has; None without one.

    """

    shard: Shard
    notes: int
    failed: tuple[Failed, ...]
    explained: SplitEvidence | None

    def as_json(self) -> dict[str, Any]:
        """Return the record for its file."""
        return {
            **self.shard._asdict(),
            "notes": self.notes,
            "failed": [one._asdict() for one in self.failed],
            "explained": None if self.explained is None else asdict(self.explained),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Record:
        """Return the record of a file."""
        explained = value["explained"]
        return cls(
            Shard(value["number"], value["begin"], value["end"]),
            value["notes"],
            tuple(Failed(**one) for one in value["failed"]),
            None
            if explained is None
            else SplitEvidence(**{**explained, "remarks": tuple(explained["remarks"])}),
        )


class Described:
    """Completes the record of a shard while its files are written."""

    def __init__(self, shard: Shard, failed: Sequence[Failed]) -> None:
        self._shard = shard
        self._failed = failed
        self.record = Record(shard, 0, (), None)

    def __call__(self, notes: int, explained: SplitEvidence | None) -> None:
        """Take what is known once all notes were scored."""
        self.record = Record(self._shard, notes, tuple(self._failed), explained)


@contextmanager
def write_shard(
    parts: Path, shard: Shard, failed: Sequence[Failed], digest: str
) -> Iterator[tuple[Path, Described]]:
    """Yield a folder to write the files of a shard to, and what takes its description.

    The shard appears among the parts once the block ends, and replaces a damaged one.

    Parameters
    ----------
    digest
        That of what the parts are of (`Parts.digest`).

    Raises
    ------
    OutputError
        If the disk is full.

    """
    described = Described(shard, failed)
    with new_folder(shard_folder(parts, shard.number), force=True) as folder:
        yield folder, described
        files = {
            path.name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
            for path in sorted(folder.iterdir())
        }
        write_json(folder / _RECORD, {**described.record.as_json(), "parts": digest, "files": files})


def shard_folder(parts: Path, number: int) -> Path:
    """Return the folder of a shard."""
    return parts / f"{number:06d}"


class Parts:
    """The folder of parts beside an output file.

    Parameters
    ----------
    out
        The output file.
    manifest
        What the parts are of: ``release``, ``model``, ``labels``, ``notes`` and ``options``.

    Attributes
    ----------
    digest
        The SHA-256 of all that, which every shard repeats.

    """

    def __init__(self, out: Path, manifest: Mapping[str, Any]) -> None:
        self.path = parts_folder(out)
        self._manifest = {"format": FORMAT, "format_version": FORMAT_VERSION, **manifest}
        self.digest = hashlib.sha256(json.dumps(self._manifest, sort_keys=True).encode()).hexdigest()

    @contextmanager
    def opened(self, *, shared: bool = False, restart: bool = False) -> Iterator[None]:
        """Hold the folder inside the block; make it, or check that it is of the same run.

        Parameters
        ----------
        shared
            Let other processes hold it as well, which score other shards of the same run.
        restart
            Discard the shards that are there.

        Raises
        ------
        InputError
            If it is of another run, or not a folder of parts.
        OutputError
            If it cannot be written.
        RunError
            If another process holds it.

        """
        if self.path.is_file():
            raise OutputError(
                "is a file, expected the folder of parts of --out",
                path=self.path,
                remedy="Choose another --out",
            )
        try:
            with locked_folder(self.path, "scoring notes for the same --out", shared=shared):
                try:
                    self._take_over(restart=restart, shared=shared)
                except BaseException:
                    if not shared and not self._children():
                        self._delete_lock()
                    raise
                try:
                    yield
                finally:
                    # Others that share the folder may be about to finish their first shard.
                    if not shared:
                        self._remove_if_empty()
        finally:
            # Only if it is empty, and only once the lock is closed: over NFS, an open file keeps its entry.
            with suppress(OSError):
                self.path.rmdir()

    def finished(self, shards: Sequence[Shard]) -> dict[int, Record]:
        """Return the records of the shards that are finished, intact and of the same run, by their number."""
        found = (
            (shard, _intact(shard_folder(self.path, shard.number), shard, self.digest)) for shard in shards
        )
        return {shard.number: record for shard, record in found if record is not None}

    def files(self, name: str, shards: Sequence[Shard]) -> list[Path]:
        """Return a file of every shard."""
        return [shard_folder(self.path, shard.number) / name for shard in shards]

    def begin_joining(self, outputs: Sequence[Path]) -> None:
        """Remember which outputs may appear from now on."""
        write_json(self.path / _JOINING, {"outputs": [_name(path) for path in outputs]})

    def remove(self) -> None:
        """Delete all parts as far as possible; `opened` removes the empty folder after releasing the lock."""
        self._clear(ignore_errors=True)
        self._delete_lock()

    def _clear(self, *, ignore_errors: bool = False) -> None:
        for child in self._children():
            if child.is_dir():
                shutil.rmtree(child, ignore_errors=ignore_errors)
            else:
                with suppress(OSError) if ignore_errors else nullcontext():
                    child.unlink()

    def _delete_lock(self) -> None:
        with suppress(OSError):
            (self.path / LOCK).unlink()

    def _children(self) -> list[Path]:
        return [child for child in self.path.iterdir() if child.name != LOCK]

    def _take_over(self, *, restart: bool, shared: bool) -> None:
        path = self.path / _MANIFEST
        if not path.is_file():
            others = any(not child.name.startswith(TEMPORARY_PREFIX) for child in self._children())
            # A process that shares the folder may have written its manifest, and shards, in this moment.
            if others and not path.is_file():
                self._delete_lock()
                raise InputError(
                    f"not a folder of parts: {_MANIFEST} is missing",
                    path=self.path,
                    remedy="Move it elsewhere, or choose another --out",
                )
            # No other process writes at the same time unless it shares the folder.
            (create_json if shared else write_json)(path, self._manifest)
        try:
            found = read_json(path, ScoresError, "Discard what it has with --restart")
        except ScoresError:
            if not restart:
                raise
            found = {"format": FORMAT}
        if found.get("format") != FORMAT:
            self._delete_lock()
            raise InputError("not a folder of parts", path=self.path, remedy="Choose another --out")
        if not shared:
            remove_leftovers(self.path)
        if restart:
            # Or fail: what is left would count as finished.
            self._clear()
            write_json(path, self._manifest)
            return
        self._require_same(found)

    def _require_same(self, found: Mapping[str, Any]) -> None:
        # As JSON has it: tuples are lists there.
        expected = json.loads(json.dumps(self._manifest))
        for key, what in {"format_version": _WHAT["release"], **_WHAT}.items():
            if found.get(key) != expected[key]:
                if key == "options":
                    what = _difference(found.get(key), expected[key]) or what
                raise InputError(
                    f"holds notes that were scored with {what}"
                    if key != "notes"
                    else f"holds the scores of {what}",
                    path=self.path,
                    remedy="Finish that run with its own command, or discard its parts with --restart",
                )

    def _remove_if_empty(self) -> None:
        """Leave nothing behind where no shard was finished."""
        if not any(child.is_dir() and child.name.isdigit() for child in self._children()):
            self.remove()


def parts_folder(out: Path) -> Path:
    """Return the folder of the parts of an output file."""
    return out.with_name(f"{out.name}.parts")


def is_joining(out: Path, output: Path) -> bool:
    """Return whether a process was interrupted while it put the parts together into an output."""
    try:
        found = read_json(parts_folder(out) / _JOINING, ScoresError).get("outputs")
    except ScoresError:
        return False
    return isinstance(found, list) and _name(output) in found


def earlier_precision(out: Path) -> str | None:
    """Return the precision of the parts of an output file; None if there are none, or it cannot be told."""
    try:
        options = read_json(parts_folder(out) / _MANIFEST, ScoresError).get("options")
    except ScoresError:
        return None
    precision = options.get("precision") if isinstance(options, dict) else None
    return precision if isinstance(precision, str) else None


def _name(path: Path) -> str:
    # Any path is one, also if its bytes are not UTF-8.
    return path.resolve().as_uri()


def _difference(found: Any, expected: Mapping[str, Any]) -> str | None:
    """Return the first option that differs, with both values; None if none can be told."""
    if not isinstance(found, dict):
        return None
    for key, value in expected.items():
        if (other := found.get(key)) == value:
            continue
        inner = _difference(other, value) if isinstance(value, dict) else None
        return inner or f"{key} {_shown(other)}, expected {_shown(value)}"
    return None


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("method", "other"))
    return "none" if value is None else str(value)


def _intact(folder: Path, shard: Shard, digest: str) -> Record | None:
    """Return the record of a finished shard; None if it is missing, damaged, or of another run."""
    try:
        value = read_json(folder / _RECORD, ScoresError)
        files = value["files"].items()
        if value["parts"] != digest or any(_differs(folder / name, expected) for name, expected in files):
            return None
        record = Record.from_json(value)
    except (ScoresError, OSError, AttributeError, KeyError, TypeError):
        return None
    return record if record.shard == shard else None


def _differs(path: Path, expected: Mapping[str, Any]) -> bool:
    return bool(path.stat().st_size != expected["bytes"]) or sha256_of(path) != expected["sha256"]
