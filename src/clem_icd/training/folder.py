"""The folder of a run, and of runs with several seeds: recipe, corpus and progress."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, ClassVar, Self

import yaml

from clem_icd.corpus import Corpus, describe
from clem_icd.errors import RunError
from clem_icd.files import read_json, remove_leftovers, write_json, write_text
from clem_icd.modeling.machine import describe_environment
from clem_icd.runs.checkpoints import has_checkpoint
from clem_icd.runs.layout import CORPUS, DESCRIPTION, ENVIRONMENT, RUN_STATE, SEEDS_STATE, RunLayout
from clem_icd.runs.resumable import Resumable
from clem_icd.training.recipe import NeuralRecipe, Recipe, neural_part, with_defaults
from clem_icd.training.starting import start_fingerprint, start_of


class TrainingFolder(Resumable):
    """A folder that `train` fills from a recipe and a corpus."""

    @classmethod
    def start(
        cls,
        path: Path,
        recipe: Recipe,
        corpus: Corpus,
        *,
        resume: bool,
        force: bool,
    ) -> Self:
        """Make the folder, or open the existing one to resume it.

        Raises
        ------
        OutputError
            If ``path`` is occupied and neither ``resume`` nor ``force`` is true, holds something
            other than a run, or overlaps the corpus, the encoder or the model to start from.
        RunError
            If ``resume`` is true and ``path`` has another recipe, another corpus, other synonyms or another
            model to start from.
        ModelError
            If the weights to start from are missing.
        SourceError
            If the file of synonyms is missing.

        """
        if resume and (path / cls.STATE).is_file():
            cls(path).require_corpus(corpus)
        recorded = _files(recipe)
        folder = cls._start(
            path,
            {"recipe": recipe.model_dump(mode="json"), "corpus": corpus.fingerprint, **recorded},
            lambda: cls._contents(corpus),
            apart_from=[("the corpus", corpus.path), *_encoder(recipe), *_start(recipe)],
            resume=resume,
            force=force,
        )
        folder.require_same_files(recipe)
        return folder

    @classmethod
    def _contents(cls, corpus: Corpus) -> dict[str, Any]:
        """Return the JSON files that a new folder starts with, by name."""
        raise NotImplementedError

    @classmethod
    def _with_new_fields(cls, recipe: dict[str, Any]) -> dict[str, Any]:
        return with_defaults(recipe)

    def require_corpus(self, corpus: Corpus) -> None:
        """Refuse any corpus other than that of this folder.

        Raises
        ------
        RunError
            If the corpus is another one.

        """
        if self.state()["corpus"] != corpus.fingerprint:
            raise RunError(
                "was trained on another corpus",
                path=self.path,
                remedy="Pass that corpus, or choose another folder",
            )

    def require_same_files(self, recipe: Recipe) -> None:
        """Refuse a recipe whose synonyms, or weights to start from, have changed since the folder was made.

        Raises
        ------
        ModelError, SourceError
            If a file is missing.
        RunError
            If a file has changed.

        """
        state = self.state()
        for name, digest in _files(recipe).items():
            # A folder of an earlier release records nothing about the files.
            if state.get(name, digest) != digest:
                what, key = _READ_FILES[name]
                raise RunError(
                    f"was started with {what}: the file of {key} has changed",
                    path=self.path,
                    remedy="Restore that file, or train into another folder",
                )

    def require_finished(self) -> None:
        """Refuse a folder whose training is not finished.

        Raises
        ------
        RunError
            If it is not finished.

        """
        if not self.ended:
            raise RunError(
                "is not finished", path=self.path, remedy="Resume it with `clem train --resume` first"
            )


class RunFolder(TrainingFolder):
    """A run on disk: ``run.json`` holds its recipe, its corpus, and whether it is finished."""

    STATE: ClassVar[str] = RUN_STATE
    FORMAT: ClassVar[str] = "clem-icd/run"

    @classmethod
    def _contents(cls, corpus: Corpus) -> dict[str, Any]:
        return {ENVIRONMENT: describe_environment(), CORPUS: corpus.about, DESCRIPTION: describe(corpus)}

    @property
    def begun(self) -> bool:
        """Whether there is a checkpoint of the system or of one that it is stacked on, or scores of one."""
        stacked = self.layout.stacking
        checkpoints = (self.layout.checkpoints, *(RunLayout(one).checkpoints for one in stacked.glob("*/")))
        return any(map(has_checkpoint, checkpoints)) or any(stacked.glob("*.npy"))

    @property
    def recorded(self) -> dict[str, Any]:
        """The content of ``environment.json``; empty if it is missing."""
        file = self.layout.environment
        return read_json(file, RunError) if file.exists() else {}

    def record(self, **facts: Any) -> None:
        """Add facts to ``environment.json``, which may be missing."""
        write_json(self.layout.environment, {**self.recorded, **facts})

    def clean(self) -> None:
        """Delete what only an unfinished run needs."""
        shutil.rmtree(self.layout.checkpoints, ignore_errors=True)
        shutil.rmtree(self.layout.stacking, ignore_errors=True)
        super().clean()


class SeedsFolder(TrainingFolder):
    """Runs of one recipe with several seeds: ``seeds.json`` holds the seeds, and whether all are finished."""

    STATE: ClassVar[str] = SEEDS_STATE
    FORMAT: ClassVar[str] = "clem-icd/seeds"
    MAY_CHANGE: ClassVar[frozenset[str]] = frozenset({"seeds"})

    @classmethod
    def _contents(cls, corpus: Corpus) -> dict[str, Any]:
        return {CORPUS: corpus.about}

    @property
    def recipe(self) -> dict[str, Any]:
        """The resolved recipe of all runs."""
        recipe: dict[str, Any] = self.state()["recipe"]
        return recipe

    @property
    def places(self) -> dict[int, Path]:
        """The run folder of each seed."""
        recipe = self.recipe
        seeds = range(recipe["seed"], recipe["seed"] + recipe["seeds"])
        return {seed: self.layout.seed(seed).path for seed in seeds}

    @property
    def begun(self) -> bool:
        """Whether the run of any seed exists."""
        return any(place.exists() for place in self.places.values())

    def clean(self) -> None:
        """Delete what only an unfinished run needs, and what a killed process left half-written."""
        remove_leftovers(self.path)
        super().clean()

    def extend(self, recipe: NeuralRecipe) -> None:
        """Accept a recipe that asks for more seeds than before.

        Raises
        ------
        RunError
            If it asks for fewer.
        """
        before = self.recipe["seeds"]
        if recipe.seeds < before:
            raise RunError(
                f"has {before} seeds, but the recipe asks for {recipe.seeds}",
                path=self.path,
                remedy=f"Resume with seeds={before} or more, or train into another folder",
            )
        if recipe.seeds > before:
            fields = recipe.model_dump(mode="json")
            write_text(self.layout.recipe, yaml.safe_dump(fields, sort_keys=False))
            write_json(self.path / self.STATE, {**self.state(), "recipe": fields, "ended": False})


_READ_FILES = {
    "synonyms": ("other synonyms", "training.synthetic_notes.synonyms"),
    "start": ("another model", "training.start_from"),
}


def _files(recipe: Recipe) -> dict[str, str]:
    """Return the fingerprints of the synonyms and of the weights to start from, where a recipe names them."""
    part = neural_part(recipe)
    if part is None:
        return {}
    notes = part.training.synthetic_notes
    synonyms = None if notes is None else notes.fingerprint()
    found = {"synonyms": synonyms, "start": start_fingerprint(recipe)}
    return {name: digest for name, digest in found.items() if digest is not None}


def _encoder(recipe: Recipe) -> list[tuple[str, Path]]:
    """Return name and folder of the encoder that the training starts from, if it is on this machine."""
    part = neural_part(recipe)
    folder = None if part is None else part.architecture.encoder.local_folder()
    return [] if folder is None else [("the encoder", folder)]


def _start(recipe: Recipe) -> list[tuple[str, Path]]:
    """Return name and folder of the model that the training starts from, if there is one."""
    folder = start_of(recipe)
    return [] if folder is None else [("the model of training.start_from", folder)]
