"""What a training fills and may be taken up again: its identity, its lock, and what it replaces."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import yaml

from clem_icd.errors import OutputError, RunError
from clem_icd.files import check_free, new_folder, read_json, write_json, write_text

FORMAT_VERSION = 1

# The files that say what a folder of a training is of: one run, runs with several seeds, or pretraining.
_STATES = ("run.json", "seeds.json", "pretraining.json")


@dataclass(frozen=True)
class Resumable:
    """A folder whose file ``STATE`` says which recipe on what, and whether it has ended."""

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
        """Make the folder, or open the one that is there to go on with it.

        Parameters
        ----------
        identity
            What two trainings have in common if one may go on with the other: ``recipe``, and what is read.
        contents
            Gives what else the folder begins with: the name of a json file, and what it holds.
        apart_from
            What is read and may not be replaced: what to call it, and where it lies.

        Raises
        ------
        OutputError
            If ``path`` is occupied and neither ``resume`` nor ``force`` is true, holds something
            that is no run, or lies in or around what is read.
        RunError
            If ``resume`` is true and ``path`` is of another recipe, or of another kind of training.

        """
        if resume and (path / cls.STATE).is_file():
            opened = cls(path)
            opened._require_same_recipe(identity["recipe"])
            return opened
        if resume and any((path / state).is_file() for state in _STATES):
            raise RunError(
                "is a run of one seed, or of several, or of pretraining, and another of these is asked for",
                path=path,
                remedy="Resume with the same command and recipe, or train into another folder",
            )
        begins_with = contents()
        _make_way(path, apart_from, force=force)
        with new_folder(path) as folder:
            for name, value in begins_with.items():
                write_json(folder / name, value)
            write_text(folder / "recipe.yaml", yaml.safe_dump(identity["recipe"], sort_keys=False))
            state = {"format": cls.FORMAT, "format_version": FORMAT_VERSION, **identity, "ended": False}
            write_json(folder / cls.STATE, state)
        return cls(path, fresh=True)

    @classmethod
    def _completed(cls, recipe: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a recipe that a folder was made with, and those that newer releases have."""
        raise NotImplementedError

    @property
    def begun(self) -> bool:
        """Whether there is anything to go on with."""
        raise NotImplementedError

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process from going on with this meanwhile.

        Raises
        ------
        RunError
            If another process has it.
        """
        # The folder, since its files are replaced while it is locked.
        folder = os.open(self.path, os.O_RDONLY)
        try:
            self._lock(folder)
            yield
        finally:
            os.close(folder)

    def _lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(
                "another process is training this run", path=self.path, remedy="Wait for it, or end it"
            ) from None

    def withdraw(self) -> None:
        """Take back what was made now and failed before there was anything to go on with."""
        if self.fresh and not self.begun:
            shutil.rmtree(self.path)
            if _retired(self.path).exists():
                _retired(self.path).rename(self.path)

    @property
    def ended(self) -> bool:
        """Whether everything is there."""
        return bool(self.state()["ended"])

    def end(self, **facts: Any) -> None:
        """Say that everything is there."""
        write_json(self.path / self.STATE, {**self.state(), **facts, "ended": True})
        self.clean()

    def clean(self) -> None:
        """Delete what was only needed to get to the end."""
        shutil.rmtree(_retired(self.path), ignore_errors=True)

    def state(self) -> dict[str, Any]:
        """Return what the file of the folder says.

        Raises
        ------
        RunError
            If another release wrote it.
        """
        state = read_json(self.path / self.STATE, RunError)
        if state.get("format") != self.FORMAT or state.get("format_version") != FORMAT_VERSION:
            raise RunError(
                f"has format version {state.get('format_version')!r}, this release has {FORMAT_VERSION}",
                path=self.path,
                remedy="Train into another folder",
            )
        return state

    def _require_same_recipe(self, recipe: dict[str, Any]) -> None:
        changed = _differences(self._completed(self.state()["recipe"]), recipe) - self.MAY_CHANGE
        if changed:
            raise RunError(
                f"has another recipe: {', '.join(sorted(changed))} changed",
                path=self.path,
                remedy="Resume with the same recipe, or train into another folder",
            )


def _make_way(path: Path, apart_from: Sequence[tuple[str, Path]], *, force: bool) -> None:
    """Refuse a place that is not for a run; put a run that is to be replaced aside until the new one ends."""
    out = path.resolve()
    for name, place in apart_from:
        read = place.resolve()
        if read.is_relative_to(out) or (read.is_dir() and out.is_relative_to(read)):
            raise OutputError(
                f"is in the way of {name}", path=path, remedy="Choose another place for the run"
            )
    check_free(path, force=force)
    if not path.exists() or not any(path.iterdir()):
        return
    if not any((path / state).is_file() for state in _STATES):
        raise OutputError("holds something that is no run", path=path, remedy="Choose another place")
    if _retired(path).exists():
        shutil.rmtree(path)
    else:
        path.rename(_retired(path))


def _retired(path: Path) -> Path:
    return path.with_name(f".replaced-{path.name}")


def _differences(one: dict[str, Any], other: dict[str, Any], prefix: str = "") -> set[str]:
    changed: set[str] = set()
    for key in one.keys() | other.keys():
        mine, theirs = one.get(key), other.get(key)
        if isinstance(mine, dict) and isinstance(theirs, dict) and mine.get("kind") == theirs.get("kind"):
            changed |= _differences(mine, theirs, f"{prefix}{key}.")
        elif mine != theirs:
            changed.add(prefix + key)
    return changed
