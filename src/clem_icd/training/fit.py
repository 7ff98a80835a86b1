"""Fitting a neural system with the Hugging Face Trainer, resumable after a kill."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase, set_seed

from clem_icd.corpus import Corpus
from clem_icd.errors import RunError
from clem_icd.modeling.assembly import build, rebuild
from clem_icd.modeling.attention import BLOCK_LOCAL
from clem_icd.modeling.labels import LabelSpace
from clem_icd.modeling.machine import attention_for, best_device, use_usable_cores
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.progress import Observer, Silent
from clem_icd.runs.checkpoints import Checkpoint, checkpoint_at, last_checkpoint
from clem_icd.runs.history import write_history
from clem_icd.runs.layout import RunLayout
from clem_icd.training import team
from clem_icd.training.arguments import precision_of
from clem_icd.training.limits import report_limits
from clem_icd.training.notes_trainer import NotesTrainer, new_trainer
from clem_icd.training.reading import read_split, read_train
from clem_icd.training.recipe import NeuralRecipe
from clem_icd.training.starting import load_start, load_teacher, start_of
from clem_icd.training.tensorboard import require_tensorboard


def fit_neural(recipe: NeuralRecipe, corpus: Corpus, run: Path, observer: Observer) -> NeuralSystem:
    """Train, or resume from the last complete checkpoint, and return the system of the best epoch.

    Writes ``checkpoints/`` and ``history.json`` below ``run``.
    """
    require_tensorboard(recipe)
    folder = RunLayout(run).checkpoints
    folder.mkdir(exist_ok=True)
    resumed = last_checkpoint(folder, observer.say)
    if resumed is not None and _is_over(resumed, recipe):
        prepare_fit(recipe, corpus, run, observer, resumed.path)
        history, best = resumed.history, resumed.best_step or resumed.step
    else:
        call = {
            "recipe": recipe.model_dump(mode="json"),
            "run": str(run.resolve()),
            "checkpoint": None if resumed is None else str(resumed.path.resolve()),
        }
        with team.calling(call):
            trainer = _train(recipe, corpus, run, observer, resumed)
        history, best = trainer.state.log_history, trainer.state.best_global_step or trainer.state.global_step
    write_history(run, history)
    return NeuralSystem.load(checkpoint_at(folder, best), recipe.architecture, corpus.codes, merged=False)


def follow(corpus: Corpus) -> None:
    """Train together with the leader whenever it calls, until it is finished."""
    for call in team.calls():
        resumed = None if call["checkpoint"] is None else Checkpoint.read(Path(call["checkpoint"]))
        recipe = NeuralRecipe.model_validate(call["recipe"])
        _train(recipe, corpus, Path(call["run"]), Silent(), resumed)


def _train(
    recipe: NeuralRecipe, corpus: Corpus, run: Path, observer: Observer, resumed: Checkpoint | None
) -> NotesTrainer:
    """Train to the end; all processes do so together."""
    _require_same_files(corpus, run)
    trainer = prepare_fit(recipe, corpus, run, observer, resumed.path if resumed else None)
    if resumed is not None:
        observer.say(f"Resuming from step {resumed.step}")
        if resumed.processes != team.size():
            observer.say(
                f"The number of processes was {resumed.processes} until now, and is {team.size()} from here "
                "on: results differ a little from those of a run with the same number throughout"
            )
    if recipe.adapter is not None:
        observer.say(_trained_parameters(cast(PreTrainedModel, trainer.model)))
    if not team.leads():
        # The initial model is that of the leader. From here on, the random numbers are for dropout.
        set_seed(int(np.random.SeedSequence([recipe.seed, team.rank()]).generate_state(1)[0]))
    trainer.train(resume_from_checkpoint=None if resumed is None else str(resumed.path))
    # The leader deletes the checkpoints at the end, and the others may still read one.
    team.wait_for_all()
    return trainer


def _require_same_files(corpus: Corpus, run: Path) -> None:
    """Refuse to train where processes on other machines would read and write elsewhere."""
    corpora, visible = zip(
        *team.facts_of_all((corpus.fingerprint, RunLayout(run).checkpoints.is_dir())), strict=True
    )
    if not all(visible):
        raise team.said_by_leader(
            RunError(
                f"process {visible.index(False)} does not see the folder of the run",
                path=run,
                remedy="Choose a folder on a file system that all machines share",
            )
        )
    others = [rank for rank, fingerprint in enumerate(corpora) if fingerprint != corpora[0]]
    if others:
        raise team.said_by_leader(
            RunError(
                f"process {others[0]} reads another corpus than process 0",
                path=corpus.path,
                remedy="Put the corpus on a file system that all machines share",
            )
        )


def prepare_fit(
    recipe: NeuralRecipe, corpus: Corpus, run: Path, observer: Observer, checkpoint: Path | None = None
) -> NotesTrainer:
    """Return a trainer of a new model, or of that of a checkpoint, which saves below ``run``."""
    use_usable_cores()
    set_seed(recipe.seed)
    model, tokenizer = _assemble(recipe, corpus, checkpoint)
    teacher = _teacher(recipe, corpus)
    if recipe.training.r_drop is not None:
        recipe.training.r_drop.require_dropout(model)
    train, train_cut = read_train(corpus, tokenizer, recipe, observer)
    validation, validation_cut = read_split(corpus, "validation", tokenizer, recipe, observer)
    labels = LabelSpace.of(corpus)
    cuts = {"train": train_cut, "validation": validation_cut}
    if team.leads():
        report_limits(run, labels.counts, cuts, recipe.reading.max_tokens, observer)
    return new_trainer(recipe, model, tokenizer, train, validation, labels, run, observer, teacher)


def _assemble(
    recipe: NeuralRecipe, corpus: Corpus, checkpoint: Path | None
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return the initial model of a recipe, or the model of a checkpoint, with its tokenizer."""
    attention = _attention(recipe)
    if checkpoint is not None:
        return rebuild(recipe.architecture, corpus.codes, checkpoint, attention=attention, merged=False)
    start = start_of(recipe)
    if start is not None:
        return load_start(recipe, corpus, start, attention=attention)
    return build(recipe.architecture, LabelSpace.of(corpus), texts=corpus.texts("train"), attention=attention)


def _attention(recipe: NeuralRecipe) -> str:
    """Return the attention implementation of a recipe on this machine."""
    regularizer = recipe.training.regularizer
    if regularizer is not None and regularizer.differentiates_twice:
        return BLOCK_LOCAL
    computes_in = torch.bfloat16 if precision_of(recipe) == "bf16" else torch.float32
    return attention_for(best_device(), computes_in)


def _teacher(recipe: NeuralRecipe, corpus: Corpus) -> PreTrainedModel | None:
    """Return the model that a recipe distills, on the device; None if it distills none."""
    regularizer, start = recipe.training.regularizer, start_of(recipe)
    if regularizer is None or start is None or not regularizer.distills:
        return None
    # It computes in single precision, which FlashAttention does not support.
    teacher: Any = load_teacher(recipe, corpus, start, attention=BLOCK_LOCAL)
    on_device: PreTrainedModel = teacher.to(best_device())
    return on_device


def _trained_parameters(model: PreTrainedModel) -> str:
    """Return the line that says how much of a model is trained."""
    trained = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    total = sum(parameter.numel() for parameter in model.parameters())
    return f"Training {trained:,} of {total:,} parameters ({trained / total:.1%})"


def _is_over(checkpoint: Checkpoint, recipe: NeuralRecipe) -> bool:
    """Whether the run that left this checkpoint had nothing more to train.

    On resuming, the Trainer forgets that it had stopped early, so the counter is read here.
    """
    if checkpoint.evaluation_due:
        return False
    if checkpoint.step >= checkpoint.max_steps:
        return True
    stopping = checkpoint.callbacks.get("EarlyStoppingCallback")
    if stopping is None or recipe.training.patience is None:
        return False
    counter = stopping["attributes"]["early_stopping_patience_counter"]
    return bool(counter >= recipe.training.patience)
