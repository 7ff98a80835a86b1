"""What a training fills and may be taken up again: its identity, its lock, and what it replaces."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import yaml

from clem_icd.corpus import Corpus
from clem_icd.errors import OutputError, RunError
from clem_icd.files import check_free, new_folder, read_json, write_json, write_text
from clem_icd.training.recipe import LinearRecipe, NeuralRecipe, with_defaults

FORMAT_VERSION = 1

# The files that say what a folder of a training is of: one run, or runs with several seeds.
_STATES = ("run.json", "seeds.json")


@dataclass(frozen=True)
class Resumable:
    """A folder whose file ``STATE`` says which recipe on which corpus, and whether it has ended."""

    STATE: ClassVar[str]
    FORMAT: ClassVar[str]
    MAY_CHANGE: ClassVar[frozenset[str]] = frozenset()

    path: Path
    fresh: bool = False

    @classmethod
    def start(
        cls,
        path: Path,
        recipe: NeuralRecipe | LinearRecipe,
        corpus: Corpus,
        *,
        resume: bool,
        force: bool,
    ) -> Self:
        """Make the folder, or open the one that is there to go on with it.

        Raises
        ------
        OutputError
            If ``path`` is occupied and neither ``resume`` nor ``force`` is true, holds something
            that is no run, or lies in or around the corpus.
        RunError
            If ``resume`` is true and ``path`` is of another recipe or another corpus.

        """
        identity = {"recipe": recipe.model_dump(mode="json"), "corpus": corpus.fingerprint}
        if resume and (path / cls.STATE).is_file():
            opened = cls(path)
            opened.require_corpus(corpus)
            opened._require_same(identity)
            return opened
        if resume and any((path / state).is_file() for state in _STATES):
            raise RunError(
                "is a run of one seed, or of several, and the recipe asks for the other",
                path=path,
                remedy="Resume with the same recipe, or train into another folder",
            )
        contents = cls._contents(corpus)
        _make_way(path, corpus, force=force)
        with new_folder(path) as folder:
            for name, value in contents.items():
                write_json(folder / name, value)
            write_text(folder / "recipe.yaml", yaml.safe_dump(identity["recipe"], sort_keys=False))
            state = {"format": cls.FORMAT, "format_version": FORMAT_VERSION, **identity, "ended": False}
            write_json(folder / cls.STATE, state)
        return cls(path, fresh=True)

    @classmethod
    def _contents(cls, corpus: Corpus) -> dict[str, Any]:
        """Return what else the folder begins with: the name of a json file, and what it holds."""
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

    def require_corpus(self, corpus: Corpus) -> None:
        """Refuse a corpus that this is not of.

        Raises
        ------
        RunError
            If it is of another one.
        """
        if self.state()["corpus"] != corpus.fingerprint:
            raise RunError(
                "was trained on another corpus", path=self.path, remedy="Name that corpus, or another folder"
            )

    def _require_same(self, identity: dict[str, Any]) -> None:
        changed = _differences(with_defaults(self.state()["recipe"]), identity["recipe"]) - self.MAY_CHANGE
        if changed:
            raise RunError(
                f"has another recipe: {', '.join(sorted(changed))} changed",
                path=self.path,
                remedy="Resume with the same recipe, or train into another folder",
            )


def _make_way(path: Path, corpus: Corpus, *, force: bool) -> None:
    """Refuse a place that is not for a run; put a run that is to be replaced aside until the new one ends."""
    out, notes = path.resolve(), corpus.path.resolve()
    if out.is_relative_to(notes) or notes.is_relative_to(out):
        raise OutputError("is in the way of the corpus", path=path, remedy="Choose another place for the run")
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
        if isinstance(mine, dict) and isinstance(theirs, dict):
            changed |= _differences(mine, theirs, f"{prefix}{key}.")
        elif mine != theirs:
            changed.add(prefix + key)
    return changed
