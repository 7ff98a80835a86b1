"""The layout of run folders: of one seed, of several seeds, and of pretraining."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

RUN_STATE = "run.json"
SEEDS_STATE = "seeds.json"
PRETRAINING_STATE = "pretraining.json"
STATES = {
    RUN_STATE: "a run with one seed",
    SEEDS_STATE: "runs with several seeds",
    PRETRAINING_STATE: "a pretraining run",
}
"""The file that identifies a folder and says whether it is finished, and what such a folder holds."""

RECIPE = "recipe.yaml"
ENVIRONMENT = "environment.json"
CORPUS = "corpus.json"
DESCRIPTION = "description.json"
HISTORY = "history.json"
METRICS = "metrics.json"
VALIDATION_METRICS = "metrics-validation.json"
EVIDENCE_METRICS = "evidence.json"

_SEED = "seed-"

SIGNS = (RECIPE, HISTORY, METRICS, SEEDS_STATE)
"""A folder with none of these is not a run."""


@dataclass(frozen=True, slots=True)
class RunLayout:
    """The files of a run folder; those of several seeds have the same names, one level up.

    The layout is a contract with readers outside this package: docs/reference/formats.md.
    """

    path: Path

    @property
    def recipe(self) -> Path:
        """The resolved recipe (YAML)."""
        return self.path / RECIPE

    @property
    def environment(self) -> Path:
        """Versions and hardware."""
        return self.path / ENVIRONMENT

    @property
    def corpus(self) -> Path:
        """The corpus's own description of itself."""
        return self.path / CORPUS

    @property
    def description(self) -> Path:
        """Sizes and distributions of the corpus."""
        return self.path / DESCRIPTION

    @property
    def history(self) -> Path:
        """Losses and validation metrics during training."""
        return self.path / HISTORY

    @property
    def checkpoints(self) -> Path:
        """Checkpoints, until the run is finished."""
        return self.path / "checkpoints"

    @property
    def stacking(self) -> Path:
        """What is trained for the system that a lexicon is stacked on, until the run is finished."""
        return self.path / "stacking"

    @property
    def tensorboard(self) -> Path:
        """Events for TensorBoard, if the recipe requests them."""
        return self.path / "tensorboard"

    @property
    def model(self) -> Path:
        """The model folder."""
        return self.path / "model"

    @property
    def report(self) -> Path:
        """The report (HTML)."""
        return self.path / "report.html"

    @property
    def learning_curves(self) -> Path:
        """The learning curves as a picture."""
        return self.path / "learning-curves.png"

    @property
    def data(self) -> Path:
        """Tokenizer and tokens of a pretraining run, until it is finished."""
        return self.path / "data"

    @property
    def encoder(self) -> Path:
        """The encoder that a pretraining run makes."""
        return self.path / "encoder"

    def scores(self, split: str) -> Path:
        """Return the scores file of a split."""
        return self.path / "scores" / f"{split}.parquet"

    def evidence(self, split: str) -> Path:
        """Return the evidence file of a split."""
        return self.path / "evidence" / f"{split}.parquet"

    @property
    def evidence_metrics(self) -> Path:
        """How good the evidence for test is, if coders marked any there."""
        return self.path / EVIDENCE_METRICS

    def metrics(self, split: str = "test") -> Path:
        """Return the metrics file of validation or test.

        Without a test split, ``metrics.json`` holds those of validation too.
        """
        return self.path / (VALIDATION_METRICS if split == "validation" else METRICS)

    @property
    def is_run(self) -> bool:
        """Whether the folder contains any file of a run."""
        return any((self.path / sign).is_file() for sign in SIGNS)

    @property
    def has_seeds(self) -> bool:
        """Whether this is a folder of runs with several seeds."""
        return (self.path / SEEDS_STATE).is_file()

    @property
    def is_seed(self) -> bool:
        """Whether this is, by its name, the run of one of several seeds."""
        return self.path.name.startswith(_SEED)

    def seed(self, seed: int) -> RunLayout:
        """Return the run of one seed, below this folder."""
        return RunLayout(self.path / f"{_SEED}{seed}")

    @property
    def seeds(self) -> list[RunLayout]:
        """The runs of the seeds that are there, by seed."""
        places = [place for place in self.path.glob(f"{_SEED}*") if place.is_dir()]
        return [RunLayout(place) for place in sorted(places, key=lambda place: (len(place.name), place.name))]
