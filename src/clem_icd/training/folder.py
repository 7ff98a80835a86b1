"""The folder of a training run: what it is of, and how far it has come."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from clem_icd.corpus import Corpus, describe
from clem_icd.errors import OutputError, RunError
from clem_icd.files import check_free, new_folder, read_json, write_json, write_text
from clem_icd.training.checkpoints import last_checkpoint
from clem_icd.training.environment import describe_environment
from clem_icd.training.recipe import LinearRecipe, NeuralRecipe

FORMAT = "clem-icd/run"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class RunFolder:
    """A run on disk: ``run.json`` says which recipe on which corpus, and whether it has ended."""

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
    ) -> RunFolder:
        """Make the folder of a run, or open the one that is there to go on with it.

        Raises
        ------
        OutputError
            If ``path`` is occupied and neither ``resume`` nor ``force`` is true, holds something
            that is no run, or lies in or around the corpus.
        RunError
            If ``resume`` is true and ``path`` is of another recipe or another corpus.

        """
        identity = {"recipe": recipe.model_dump(mode="json"), "corpus": corpus.fingerprint}
        if resume and (path / "run.json").is_file():
            run = cls(path)
            run._require_same(identity)
            return run
        description = describe(corpus)
        _make_way(path, corpus, force=force)
        with new_folder(path) as folder:
            write_text(folder / "recipe.yaml", yaml.safe_dump(identity["recipe"], sort_keys=False))
            write_json(folder / "environment.json", describe_environment())
            write_json(folder / "corpus.json", corpus.about)
            write_json(folder / "description.json", description)
            state = {"format": FORMAT, "format_version": FORMAT_VERSION, **identity, "ended": False}
            write_json(folder / "run.json", state)
        return cls(path, fresh=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process from going on with this run meanwhile.

        Raises
        ------
        RunError
            If another process has it.
        """
        with (self.path / "run.json").open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RunError(
                    "another process is training this run", path=self.path, remedy="Wait for it, or end it"
                ) from None
            yield

    def withdraw(self) -> None:
        """Take back a run that was made now and failed before there was anything to go on with."""
        if self.fresh and last_checkpoint(self.path / "checkpoints") is None:
            shutil.rmtree(self.path)
            if _retired(self.path).exists():
                _retired(self.path).rename(self.path)

    @property
    def ended(self) -> bool:
        """Whether everything of the run is there."""
        return bool(self._state()["ended"])

    def record(self, **facts: Any) -> None:
        """Add facts to ``environment.json``."""
        environment = read_json(self.path / "environment.json", RunError)
        write_json(self.path / "environment.json", {**environment, **facts})

    def end(self) -> None:
        """Say that everything is there."""
        write_json(self.path / "run.json", {**self._state(), "ended": True})
        self.clean()

    def clean(self) -> None:
        """Delete what was only needed to get to the end."""
        shutil.rmtree(self.path / "checkpoints", ignore_errors=True)
        shutil.rmtree(_retired(self.path), ignore_errors=True)

    def _state(self) -> dict[str, Any]:
        state = read_json(self.path / "run.json", RunError)
        if state.get("format") != FORMAT or state.get("format_version") != FORMAT_VERSION:
            raise RunError(
                f"has format version {state.get('format_version')!r}, this release has {FORMAT_VERSION}",
                path=self.path,
                remedy="Train into another folder",
            )
        return state

    def _require_same(self, identity: dict[str, Any]) -> None:
        state = self._state()
        if state["corpus"] != identity["corpus"]:
            raise RunError(
                "was trained on another corpus", path=self.path, remedy="Name that corpus, or another folder"
            )
        changed = sorted(_differences(state["recipe"], identity["recipe"]))
        if changed:
            raise RunError(
                f"has another recipe: {', '.join(changed)} changed",
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
    if not (path / "run.json").is_file():
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
