"""Where everything is in the folder of a run, of runs with several seeds, and of a pretraining."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

RUN_STATE = "run.json"
SEEDS_STATE = "seeds.json"
PRETRAINING_STATE = "pretraining.json"
STATES = (RUN_STATE, SEEDS_STATE, PRETRAINING_STATE)
"""The file that says what a folder is of and whether it is finished: one run, several seeds, or a pretraining."""


@dataclass(frozen=True, slots=True)
class RunLayout:
    """The files of a run folder; those of several seeds have the same names, one level up.

    The layout is a contract with readers outside this package: docs/reference/formats.md.
    """

    path: Path

    @property
    def recipe(self) -> Path:
        """The resolved recipe (YAML)."""
        return self.path / "recipe.yaml"

    @property
    def environment(self) -> Path:
        """Versions and hardware."""
        return self.path / "environment.json"

    @property
    def corpus(self) -> Path:
        """What the corpus says of itself."""
        return self.path / "corpus.json"

    @property
    def description(self) -> Path:
        """Sizes and distributions of the corpus."""
        return self.path / "description.json"

    @property
    def history(self) -> Path:
        """Losses and validation metrics over the training."""
        return self.path / "history.json"

    @property
    def checkpoints(self) -> Path:
        """Checkpoints, until the run is finished."""
        return self.path / "checkpoints"

    @property
    def tensorboard(self) -> Path:
        """Events for TensorBoard, where the recipe asks for them."""
        return self.path / "tensorboard"

    @property
    def model(self) -> Path:
        """The model folder."""
        return self.path / "model"

    @property
    def report(self) -> Path:
        """The report (HTML)."""
        return self.path / "report.html"

    def scores(self, split: str) -> Path:
        """Return the scores file of a split."""
        return self.path / "scores" / f"{split}.parquet"

    def metrics(self, split: str = "test") -> Path:
        """Return the metrics file of validation or test.

        Without a test split, ``metrics.json`` holds those of validation too.
        """
        return self.path / ("metrics-validation.json" if split == "validation" else "metrics.json")

    @property
    def has_seeds(self) -> bool:
        """Whether this is a folder of runs with several seeds."""
        return (self.path / SEEDS_STATE).is_file()

    def seed(self, seed: int) -> RunLayout:
        """Return the run of one seed, below this folder."""
        return RunLayout(self.path / f"seed-{seed}")

    @property
    def seeds(self) -> list[RunLayout]:
        """The runs of the seeds that are there, by seed."""
        places = [place for place in self.path.glob("seed-*") if place.is_dir()]
        return [RunLayout(place) for place in sorted(places, key=lambda place: (len(place.name), place.name))]
