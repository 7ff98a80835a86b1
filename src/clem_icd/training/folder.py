"""The folder of a run, and of runs with several seeds: what they are of, and how far they have come."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, ClassVar, Self

import yaml

from clem_icd.corpus import Corpus, describe
from clem_icd.errors import RunError
from clem_icd.files import read_json, write_json, write_text
from clem_icd.modeling.machine import describe_environment
from clem_icd.reporting.report import write_learning_curves, write_report
from clem_icd.runs import spread
from clem_icd.runs.checkpoints import last_checkpoint
from clem_icd.runs.resumable import Resumable
from clem_icd.training.recipe import LinearRecipe, NeuralRecipe, with_defaults


class _OfACorpus(Resumable):
    """What a recipe for `train` fills from a corpus."""

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
        if resume and (path / cls.STATE).is_file():
            cls(path).require_corpus(corpus)
        return cls._start(
            path,
            {"recipe": recipe.model_dump(mode="json"), "corpus": corpus.fingerprint},
            lambda: cls._contents(corpus),
            apart_from=[("the corpus", corpus.path)],
            resume=resume,
            force=force,
        )

    @classmethod
    def _contents(cls, corpus: Corpus) -> dict[str, Any]:
        """Return what else the folder begins with: the name of a json file, and what it holds."""
        raise NotImplementedError

    @classmethod
    def _completed(cls, recipe: dict[str, Any]) -> dict[str, Any]:
        return with_defaults(recipe)

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


class RunFolder(_OfACorpus):
    """A run on disk: ``run.json`` says which recipe on which corpus, and whether it has ended."""

    STATE: ClassVar[str] = "run.json"
    FORMAT: ClassVar[str] = "clem-icd/run"

    @classmethod
    def _contents(cls, corpus: Corpus) -> dict[str, Any]:
        return {
            "environment.json": describe_environment(),
            "corpus.json": corpus.about,
            "description.json": describe(corpus),
        }

    @property
    def begun(self) -> bool:
        """Whether there is a checkpoint."""
        return last_checkpoint(self.path / "checkpoints") is not None

    def record(self, **facts: Any) -> None:
        """Add facts to ``environment.json``."""
        environment = read_json(self.path / "environment.json", RunError)
        write_json(self.path / "environment.json", {**environment, **facts})

    def clean(self) -> None:
        """Delete what was only needed to get to the end."""
        shutil.rmtree(self.path / "checkpoints", ignore_errors=True)
        super().clean()


class SeedsFolder(_OfACorpus):
    """Runs of one recipe with several seeds: ``seeds.json`` says which, and whether all have ended."""

    STATE: ClassVar[str] = "seeds.json"
    FORMAT: ClassVar[str] = "clem-icd/seeds"
    MAY_CHANGE: ClassVar[frozenset[str]] = frozenset({"seeds"})

    @classmethod
    def _contents(cls, corpus: Corpus) -> dict[str, Any]:
        return {"corpus.json": corpus.about}

    @property
    def places(self) -> dict[int, Path]:
        """The folder of each seed's run."""
        recipe = self.state()["recipe"]
        seeds = range(recipe["seed"], recipe["seed"] + recipe["seeds"])
        return {seed: self.path / f"seed-{seed}" for seed in seeds}

    @property
    def begun(self) -> bool:
        """Whether a run of a seed is there."""
        return any(place.exists() for place in self.places.values())

    def clean(self) -> None:
        """Delete what was only needed to get to the end, and what a killed process left of a run's folder."""
        for left in self.path.glob(".partial-*"):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink()
        super().clean()

    def extend(self, recipe: NeuralRecipe) -> None:
        """Take on a recipe that has more seeds than before.

        Raises
        ------
        RunError
            If it has fewer.
        """
        state = self.state()
        before = state["recipe"]["seeds"]
        if recipe.seeds < before:
            raise RunError(
                f"has {before} seeds, and the recipe asks for {recipe.seeds}",
                path=self.path,
                remedy=f"Resume with seeds={before} or more, or train into another folder",
            )
        if recipe.seeds > before:
            fields = recipe.model_dump(mode="json")
            write_text(self.path / "recipe.yaml", yaml.safe_dump(fields, sort_keys=False))
            write_json(self.path / self.STATE, {**state, "recipe": fields, "ended": False})

    def summarize(self) -> dict[str, Any]:
        """Write the metrics of all seeds and the report, and return which run is the best on validation."""
        places = self.places
        best = _best_on_validation(places, self.state()["recipe"]["training"]["selection_metric"])
        for name in ("metrics-validation.json", "metrics.json"):
            documents = [read_json(place / name, RunError) for place in places.values()]
            summary = spread(documents, list(places))
            write_json(self.path / name, {**summary, "best_on_validation": best})
        write_learning_curves(self.path)
        write_report(self.path)
        return best


def _best_on_validation(places: dict[int, Path], metric: str) -> dict[str, Any]:
    """Return the run whose validation split says most for it, the first of equals; test has no say."""
    values = {seed: _on_validation(place, metric) for seed, place in places.items()}
    sign = -1 if metric == "loss" else 1
    known = {seed: sign * value for seed, value in values.items() if value is not None}
    best = max(known or places, key=lambda seed: known.get(seed, 0.0))
    return {"seed": best, "run": places[best].name, "metric": metric, "value": values[best]}


def _on_validation(place: Path, metric: str) -> float | None:
    """Return a metric of the chosen epoch; the history leaves a loss out that is not finite."""
    if metric != "loss":
        return float(read_json(place / "metrics-validation.json", RunError)["metrics"][metric])
    rows = json.loads((place / "history.json").read_text(encoding="utf-8"))
    return min((float(row["eval_loss"]) for row in rows if "eval_loss" in row), default=None)
