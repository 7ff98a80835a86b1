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
from clem_icd.runs.layout import CORPUS, DESCRIPTION, ENVIRONMENT, RUN_STATE, SEEDS_STATE
from clem_icd.runs.resumable import Resumable
from clem_icd.training.recipe import NeuralRecipe, Recipe, with_defaults


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
            other than a run, or overlaps the corpus or the encoder.
        RunError
            If ``resume`` is true and ``path`` has another recipe, another corpus or other synonyms.
        SourceError
            If the file of synonyms is missing.

        """
        if resume and (path / cls.STATE).is_file():
            cls(path).require_corpus(corpus)
        synonyms = _synonyms(recipe)
        recorded = {} if synonyms is None else {"synonyms": synonyms}
        folder = cls._start(
            path,
            {"recipe": recipe.model_dump(mode="json"), "corpus": corpus.fingerprint, **recorded},
            lambda: cls._contents(corpus),
            apart_from=[("the corpus", corpus.path), *_encoder(recipe)],
            resume=resume,
            force=force,
        )
        folder.require_synonyms(recipe)
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

    def require_synonyms(self, recipe: Recipe) -> None:
        """Refuse a recipe whose file of synonyms has changed since the folder was made.

        Raises
        ------
        RunError
            If it has changed.
        SourceError
            If it is missing.

        """
        # A folder of an earlier release records nothing about the file.
        recorded = self.state().get("synonyms")
        if recorded is not None and recorded != _synonyms(recipe):
            raise RunError(
                "was started with other synonyms: the file of training.synthetic_notes.synonyms has changed",
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
        """Whether there is a checkpoint."""
        return has_checkpoint(self.layout.checkpoints)

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


def _synonyms(recipe: Recipe) -> str | None:
    """Return the fingerprint of the file of synonyms; None if the recipe names none."""
    notes = recipe.training.synthetic_notes if isinstance(recipe, NeuralRecipe) else None
    return None if notes is None else notes.fingerprint()


def _encoder(recipe: Recipe) -> list[tuple[str, Path]]:
    """Return name and folder of the encoder that the training starts from, if it is on this machine."""
    folder = recipe.architecture.encoder.local_folder() if isinstance(recipe, NeuralRecipe) else None
    return [] if folder is None else [("the encoder", folder)]
