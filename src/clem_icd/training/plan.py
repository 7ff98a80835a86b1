"""A plan: what a recipe costs on this machine in time, memory and disk, from a few measured steps."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from transformers import PreTrainedModel

from clem_icd.corpus import Corpus
from clem_icd.errors import RecipeError
from clem_icd.modeling.labels import LabelSpace
from clem_icd.modeling.machine import best_device, precision_here
from clem_icd.progress import Observer, Silent
from clem_icd.runs.processes import require_single_process
from clem_icd.training.batching import Batching
from clem_icd.training.evidence_tokens import require_evidence
from clem_icd.training.fit import prepare_fit
from clem_icd.training.recipe import NeuralRecipe, Recipe, neural_part
from clem_icd.training.seeds import require_trainable
from clem_icd.training.starting import require_start
from clem_icd.training.trials import Bench, Trial

# Settings that are faster by less are not worth a change.
_FASTER = 0.95

# The last checkpoint, one to return to, and the one that is being written.
_CHECKPOINTS = 3

# AdamW keeps two moments of every trained parameter.
_MOMENTS = 2


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """The cost of a training run.

    Attributes
    ----------
    device, precision
        ``cuda`` or ``cpu``; ``bf16`` or ``fp32``.
    notes, tokens
        The training notes, and their tokens that are read, without padding.
    steps_per_epoch
        Optimizer steps.
    epochs
        The most epochs: early stopping cannot be foreseen.
    evaluations, evaluation_seconds
        How often the validation split is scored while training, and how long that takes.
    scoring_seconds
        Scoring validation and test at the end.
    own
        What was measured with the settings of the recipe.
    better
        Settings with the same effective batch: that fit into the memory where those of the recipe do not, or
        that are faster. None if there are none.
    available_bytes
        The memory that this process can have.
    checkpoint_bytes, disk_bytes
        The size of a checkpoint, and the most that a run has on the disk at once.

    """

    device: str
    precision: str
    parameters: int
    labels: int
    notes: int
    tokens: int
    steps_per_epoch: int
    epochs: int
    seeds: int
    evaluations: int
    evaluation_seconds: float | None
    scoring_seconds: float | None
    own: Trial
    better: Trial | None
    available_bytes: int
    checkpoint_bytes: int
    disk_bytes: int
    free_disk_bytes: int

    def seconds(self, trial: Trial) -> float | None:
        """Return the duration of all seeds with some settings; None if these do not fit."""
        if trial.epoch_seconds is None or self.evaluation_seconds is None or self.scoring_seconds is None:
            return None
        scored = self.evaluations * self.evaluation_seconds + self.scoring_seconds
        return self.seeds * (self.epochs * trial.epoch_seconds + scored)


def require_steps(recipe: Recipe) -> NeuralRecipe:
    """Refuse to plan for a system that is not trained in steps.

    Raises
    ------
    RecipeError
        If the recipe is that of the linear baseline or of a lexicon.

    """
    if isinstance(recipe, NeuralRecipe):
        return recipe
    if neural_part(recipe) is not None:
        raise RecipeError(
            "a plan is for one training, and this recipe trains the stacked system six times",
            remedy="Plan the recipe of `stacking` alone: all six trainings take five times as long",
        )
    raise RecipeError(
        f"there is nothing to plan for system {recipe.system}: it is not trained in steps",
        remedy="Train it without --plan",
    )


def plan_training(
    recipe: NeuralRecipe, corpus: Corpus, out: Path, *, observer: Observer | None = None
) -> TrainingPlan:
    """Measure a few training steps, up to the longest batch that the recipe can make, and write nothing.

    Parameters
    ----------
    out
        The folder that the run would have: the plan names the space on its disk.

    Raises
    ------
    CorpusError, ModelError
        As `train` raises them.
    RunError
        If several processes were started: a plan is measured in one.

    """
    require_single_process(out)
    require_trainable(corpus)
    recipe.head.require_labels(LabelSpace.of(corpus))
    recipe.training.warmup(corpus.size("train"))
    require_start(recipe, corpus)
    require_evidence(recipe.training.regularizer, corpus)
    observer = observer or Silent()
    training = recipe.training.model_copy(update={"report_to": []})
    if training.r_drop is not None:
        # Measured steps are those of the first epoch, and R-drop may begin later.
        r_drop = training.r_drop.model_copy(update={"after_epochs": 0})
        training = training.model_copy(update={"r_drop": r_drop})
    with TemporaryDirectory(prefix="clem-plan-") as place:
        silent = recipe.model_copy(update={"training": training})
        trainer = prepare_fit(silent, corpus, Path(place), observer)
        # The epochs in which all of the head is trained take the longest.
        recipe.head.begin_epoch(cast(PreTrainedModel, trainer.model), recipe.head.preparatory_epochs)
        regularizer = training.regularizer
        recomputes = regularizer is None or not regularizer.differentiates_twice
        bench = Bench(trainer, recipe.seed, observer, checkpointing=recomputes)
        own = bench.try_out(Batching.of(training))
        better = _better(bench, own)
        fitting = next((trial for trial in (own, better) if trial is not None and trial.fits), None)
        evaluation = None if fitting is None else bench.evaluation_seconds(fitting.batching)
        return _plan(recipe, corpus, bench, own, better, evaluation, _free_bytes(out))


def _better(bench: Bench, own: Trial) -> Trial | None:
    """Return other settings that fit, if those of the recipe do not, or are slower.

    Where the recipe fits with gradient checkpointing, it is tried out without; then larger batches are.
    """
    without = None
    if own.fits and own.batching.gradient_checkpointing:
        without = _first_that_fits(bench, own, [own.batching.without_checkpointing()])
    return _first_that_fits(bench, without or own, bench.candidates(without or own)) or without


def _first_that_fits(bench: Bench, than: Trial, candidates: Iterable[Batching]) -> Trial | None:
    """Return the first settings that fit; None if they are not faster than those of a trial."""
    for batching in candidates:
        trial = bench.try_out(batching)
        if trial.epoch_seconds is not None:
            faster = than.epoch_seconds is None or trial.epoch_seconds < _FASTER * than.epoch_seconds
            return trial if faster else None
    return None


def _plan(
    recipe: NeuralRecipe,
    corpus: Corpus,
    bench: Bench,
    own: Trial,
    better: Trial | None,
    evaluation: float | None,
    free_disk: int,
) -> TrainingPlan:
    training, model = recipe.training, bench.model
    steps = -(-corpus.size("train") // own.batching.notes_per_step)
    evaluations = training.epochs
    if training.checkpoint_steps is not None:
        evaluations = -(-steps * training.epochs // training.checkpoint_steps)
    weights = sum(tensor.nbytes for tensor in model.state_dict().values())
    trained = sum(parameter.nbytes for parameter in model.parameters() if parameter.requires_grad)
    checkpoint = weights + _MOMENTS * trained
    scored = sum(corpus.size(split) for split in ("validation", "test") if split in corpus.splits)
    return TrainingPlan(
        device=best_device().type,
        precision=precision_here(training.precision),
        parameters=model.num_parameters(),
        labels=len(corpus.codes),
        notes=corpus.size("train"),
        tokens=int(bench.notes.lengths.sum()),
        steps_per_epoch=steps,
        epochs=training.epochs,
        seeds=recipe.seeds,
        evaluations=evaluations,
        evaluation_seconds=evaluation,
        scoring_seconds=None if evaluation is None else evaluation * scored / corpus.size("validation"),
        own=own,
        better=better,
        available_bytes=bench.available,
        checkpoint_bytes=checkpoint,
        disk_bytes=min(_CHECKPOINTS, evaluations) * checkpoint + recipe.seeds * weights,
        free_disk_bytes=free_disk,
    )


def _free_bytes(out: Path) -> int:
    """Return the free space of the disk that a folder would be on."""
    existing = next(folder for folder in (out.resolve(), *out.resolve().parents) if folder.exists())
    return shutil.disk_usage(existing).free
