"""The folder of a run that can be resumed: its identity, its lock, and what it replaces."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import yaml

from clem_icd.errors import OutputError, RunError
from clem_icd.files import check_free, new_folder, read_json, write_json, write_text
from clem_icd.formats import require_format
from clem_icd.locking import locked_folder
from clem_icd.runs.checkpoints import delete_incomplete
from clem_icd.runs.layout import RECIPE, STATES, RunLayout
from clem_icd.runs.points import Point, passing

FORMAT_VERSION = 2

_OTHER_RELEASE = (
    "Resume it with the release that started it, or train again: into another folder, or into this one with "
    "--force"
)


@dataclass(frozen=True)
class Resumable:
    """A folder whose file ``STATE`` holds the recipe, what is read, and whether the run is finished."""

    STATE: ClassVar[str]
    FORMAT: ClassVar[str]
    MAY_CHANGE: ClassVar[frozenset[str]] = frozenset()

    path: Path
    fresh: bool = False

    @classmethod
    def _start(
        cls,
        path: Path,
        identity: dict[str, Any],
        contents: Callable[[], dict[str, Any]],
        *,
        apart_from: Sequence[tuple[str, Path]],
        resume: bool,
        force: bool,
    ) -> Self:
        """Make the folder, or open the existing one to resume it.

        Parameters
        ----------
        identity
            What must be equal for a run to be resumed: ``recipe``, and what is read.
        contents
            Returns the JSON files that a new folder starts with, by name.
        apart_from
            Name and path of everything that is read and must not be replaced.

        Raises
        ------
        OutputError
            If ``path`` is occupied and neither ``resume`` nor ``force`` is true, holds something
            other than a run, or overlaps what is read.
        RunError
            If ``resume`` is true and ``path`` has another recipe, or is another kind of run.

        """
        if resume and (path / cls.STATE).is_file():
            opened = cls(path)
            opened._require_same_recipe(identity["recipe"])
            return opened
        if resume:
            cls._refuse_other_kinds(path)
        begins_with = contents()
        clear_destination(path, apart_from, force=force)
        with new_folder(path) as folder:
            for name, value in begins_with.items():
                write_json(folder / name, value)
            write_text(folder / RECIPE, yaml.safe_dump(identity["recipe"], sort_keys=False))
            state = {"format": cls.FORMAT, "format_version": FORMAT_VERSION, **identity, "ended": False}
            write_json(folder / cls.STATE, state)
        return cls(path, fresh=True)

    @classmethod
    def _refuse_other_kinds(cls, path: Path) -> None:
        found = next((kind for state, kind in STATES.items() if (path / state).is_file()), None)
        if found is not None:
            raise RunError(
                f"holds {found}, expected {STATES[cls.STATE]}",
                path=path,
                remedy="Resume with the same command and recipe, or train into another folder",
            )

    @classmethod
    def _with_new_fields(cls, recipe: dict[str, Any]) -> dict[str, Any]:
        """Return a stored recipe, completed with the defaults of fields that were added since."""
        raise NotImplementedError

    @property
    def layout(self) -> RunLayout:
        """The files of the folder."""
        return RunLayout(self.path)

    @property
    def begun(self) -> bool:
        """Whether there is anything to resume from."""
        raise NotImplementedError

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep all other processes from training in this folder.

        Raises
        ------
        RunError
            If another process holds the lock.
        """
        try:
            with locked_folder(self.path, "training this run"):
                yield
        finally:
            with suppress(OSError):
                _failed(self.path).rmdir()

    def roll_back(self) -> None:
        """Delete a new folder that failed before there was anything to resume; restore what it replaced.

        Otherwise, only delete a checkpoint that was not finished.
        """
        delete_incomplete(self.layout.checkpoints)
        if self.fresh and not self.begun:
            shutil.rmtree(self.path, ignore_errors=True)
            if self.path.exists():
                # Over NFS, a folder with an open file, such as the lock, cannot be deleted.
                with suppress(OSError):
                    self.path.rename(_failed(self.path))
            if _retired(self.path).exists() and not self.path.exists():
                _retired(self.path).rename(self.path)

    @property
    def ended(self) -> bool:
        """Whether the run is finished."""
        return bool(self.state()["ended"])

    def end(self, **facts: Any) -> None:
        """Mark the run as finished, store facts about it, and delete what is no longer needed."""
        passing(Point.RUN_END)
        write_json(self.path / self.STATE, {**self.state(), **facts, "ended": True})
        passing(Point.RUN_CLEANING)
        self.clean()

    def clean(self) -> None:
        """Delete what only an unfinished run needs."""
        shutil.rmtree(_retired(self.path), ignore_errors=True)

    def state(self) -> dict[str, Any]:
        """Return the content of the file ``STATE``.

        Raises
        ------
        RunError
            If it is missing, or another release wrote it.
        """
        path = self.path / self.STATE
        state = read_json(path, RunError)
        require_format(state, self.FORMAT, FORMAT_VERSION, RunError, path, _OTHER_RELEASE)
        return state

    def _require_same_recipe(self, recipe: dict[str, Any]) -> None:
        changed = _differences(self._with_new_fields(self.state()["recipe"]), recipe) - self.MAY_CHANGE
        if changed:
            raise RunError(
                f"was started with another recipe: {', '.join(sorted(changed))} changed",
                path=self.path,
                remedy="Resume with the same recipe, or train into another folder",
            )


def clear_destination(path: Path, apart_from: Sequence[tuple[str, Path]], *, force: bool) -> None:
    """Refuse a path that is not for a run; keep a run to be replaced elsewhere until the new one is finished.

    Raises
    ------
    OutputError
        If ``path`` overlaps something in ``apart_from``, or is occupied: by anything without ``force``, by
        something other than a run with it.

    """
    out = path.resolve()
    for name, place in apart_from:
        read = place.resolve()
        if read.is_relative_to(out) or (read.is_dir() and out.is_relative_to(read)):
            raise OutputError(
                f"would overlap {name}", path=path, remedy="Choose a folder outside of it for the run"
            )
    check_free(path, force=force)
    if not path.exists() or not any(path.iterdir()):
        return
    if not any((path / state).is_file() for state in STATES):
        raise OutputError("holds something other than a run", path=path, remedy="Choose another folder")
    if _retired(path).exists():
        shutil.rmtree(path)
    else:
        path.rename(_retired(path))


def _retired(path: Path) -> Path:
    return _beside(path, "replaced")


def _failed(path: Path) -> Path:
    return _beside(path, "failed")


def _beside(path: Path, state: str) -> Path:
    # Absolute, since the name of the current folder is not in its path, ".".
    path = path.absolute()
    return path.with_name(f".{state}-{path.name}")


def _differences(one: dict[str, Any], other: dict[str, Any], prefix: str = "") -> set[str]:
    """Return the dotted paths of all values that differ."""
    changed: set[str] = set()
    for key in one.keys() | other.keys():
        mine, theirs = one.get(key), other.get(key)
        if isinstance(mine, dict) and isinstance(theirs, dict) and mine.get("kind") == theirs.get("kind"):
            changed |= _differences(mine, theirs, f"{prefix}{key}.")
        elif mine != theirs:
            changed.add(prefix + key)
    return changed
