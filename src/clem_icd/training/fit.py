"""Fitting a neural system with the Hugging Face Trainer, resumable after a kill."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Sampler
from transformers import (
    EarlyStoppingCallback,
    EvalPrediction,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    TrainerCallback,
    TrainerState,
    TrainingArguments,
    set_seed,
)
from transformers.trainer_utils import EvalLoopOutput

from clem_icd.corpus import Corpus
from clem_icd.decisions import EDIN2024_GRID, threshold_curve
from clem_icd.errors import RunError
from clem_icd.evaluation import evaluate
from clem_icd.evaluation.headlines import HEADLINES
from clem_icd.extras import optional
from clem_icd.modeling.assembly import build, rebuild
from clem_icd.modeling.heads import Head
from clem_icd.modeling.inputs import TokenizedNotes
from clem_icd.modeling.labels import LabelSpace
from clem_icd.modeling.losses import LabelwiseLoss, LossFunction
from clem_icd.modeling.machine import attention_for, best_device, precision_here, use_usable_cores
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.progress import Observer, Silent
from clem_icd.runs.checkpoints import Checkpoint, checkpoint_at, last_checkpoint
from clem_icd.runs.history import write_history
from clem_icd.runs.layout import RunLayout
from clem_icd.training import team
from clem_icd.training.alarm import CollapseAlarm, collapse_signs
from clem_icd.training.epochs import BeginEpochs
from clem_icd.training.limits import Cut, measure_cut, report_limits
from clem_icd.training.objective import Objective
from clem_icd.training.optimizer import parameter_groups
from clem_icd.training.recipe import NeuralRecipe
from clem_icd.training.sampler import EpochAndRowSampler, LengthGroupedSampler
from clem_icd.training.shares import WEIGHT
from clem_icd.training.synthetic_notes import NotesWithTwins, Twins, with_twins
from clem_icd.training.trainer import ProgressReport, TrainerBase, training_arguments


def fit_neural(recipe: NeuralRecipe, corpus: Corpus, run: Path, observer: Observer) -> NeuralSystem:
    """Train, or resume from the last complete checkpoint, and return the system of the best epoch.

    Writes ``checkpoints/`` and ``history.json`` below ``run``.
    """
    if "tensorboard" in recipe.training.report_to:
        optional("tensorboard", "training.report_to=[tensorboard]")
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
                f"Until now, {resumed.processes} processes trained this run, and now {team.size()}: results "
                "differ a little from those of a run with the same number throughout"
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
    if recipe.training.r_drop is not None:
        recipe.training.r_drop.require_dropout(model)
    train, train_cut = _read_train(corpus, tokenizer, recipe, observer)
    validation, validation_cut = _read_split(corpus, "validation", tokenizer, recipe, observer)
    labels = LabelSpace.of(corpus)
    cuts = {"train": train_cut, "validation": validation_cut}
    if team.leads():
        report_limits(run, labels.counts, cuts, recipe.reading.max_tokens, observer)
    return _new_trainer(recipe, model, tokenizer, train, validation, labels, run, observer)


class NotesTrainer(TrainerBase):
    """Trains on batches of notes of similar length, and evaluates with the loss of an architecture."""

    def __init__(
        self,
        loss: LossFunction,
        step_loss: Objective,
        *,
        head_factor: float,
        preparatory_epochs: int,
        **others: Any,
    ) -> None:
        super().__init__(**others)
        self.loss = loss
        self.step_loss = step_loss
        self.head_factor = head_factor
        self.preparatory_epochs = preparatory_epochs

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Return the mean loss of a batch; only in training, that includes synthetic notes and R-drop.

        Where the batch is a share of one, it counts by its size.
        """
        weight = inputs.pop(WEIGHT, None)
        outputs = _pass(model, inputs)
        if model.training:
            loss = self.step_loss(
                lambda batch: _pass(model, batch).logits, inputs, outputs.logits, self._current_epoch
            )
        else:
            loss = self.loss(outputs.logits, inputs["labels"])
        if weight is not None:
            loss = loss * weight
        return (loss, outputs) if return_outputs else loss

    def evaluation_loop(self, *args: Any, **kwargs: Any) -> EvalLoopOutput:
        """Evaluate; the loss is the mean over the notes, as are those of all other metrics."""
        output: EvalLoopOutput = super().evaluation_loop(*args, **kwargs)
        if team.size() > 1 and output.metrics is not None:
            # The Trainer's includes the loss of notes that fill up the last share.
            logits, targets = (torch.tensor(one) for one in (output.predictions, output.label_ids))
            output.metrics["eval_loss"] = self._mean_loss(logits, targets)
        return output

    def _mean_loss(self, logits: torch.Tensor, targets: torch.Tensor) -> float:
        """Return the mean loss over notes, in batches, as it takes more memory than the logits."""
        starts = range(0, len(logits), self.batch_size)
        batches = [slice(start, start + self.batch_size) for start in starts]
        total = sum(float(self.loss(logits[rows], targets[rows])) * len(logits[rows]) for rows in batches)
        return total / len(logits)

    def create_optimizer(self, model: torch.nn.Module | None = None) -> torch.optim.Optimizer:
        """Return the optimizer that the arguments name, with a learning rate for the head of its own."""
        if self.optimizer is None:
            trained = cast(PreTrainedModel, self.model)
            optimizer, options = self.get_optimizer_cls_and_kwargs(self.args, trained)
            groups = parameter_groups(
                trained,
                self.get_decay_parameter_names(trained),
                learning_rate=self.args.learning_rate,
                head_factor=self.head_factor,
                weight_decay=self.args.weight_decay,
            )
            self.optimizer = optimizer(groups, **options)
        return self.optimizer

    def reading_order(self, dataset: Any) -> Sampler[Any]:
        """Return an order of batches of similar length, which resumes exactly."""
        rows = LengthGroupedSampler(dataset.lengths, self.batch_size, self.args.seed)
        return EpochAndRowSampler(rows) if isinstance(dataset, NotesWithTwins) else rows

    @property
    def _current_epoch(self) -> int:
        """The current epoch, from 0; the Trainer's own is a rounded number."""
        return self.state.global_step * int(self.args.num_train_epochs) // self.state.max_steps

    def _determine_best_metric(self, *args: Any, **kwargs: Any) -> bool:
        """Return whether a checkpoint is the best so far; one of a preparatory epoch never is."""
        if (self.state.epoch or 0) <= self.preparatory_epochs:
            return False
        return super()._determine_best_metric(*args, **kwargs)


def _pass(model: torch.nn.Module, batch: Mapping[str, Any]) -> Any:
    """Return the outputs of a model for a batch, whose labels it does not see."""
    return model(**{name: part for name, part in batch.items() if name not in ("labels", "twins")})


class _Report(ProgressReport):
    def line(self, state: TrainerState, metrics: dict[str, float]) -> str:
        return (
            f"Epoch {metrics['epoch']:.4g}: validation loss {metrics['eval_loss']:.4f}, "
            f"micro-F1 {metrics['eval_micro_f1_tuned']:.4f}, MAP {metrics['eval_map']:.4f}"
        )


def precision_of(recipe: NeuralRecipe) -> str:
    """Return the precision in which a recipe trains on this machine: ``bf16`` or ``fp32``."""
    return precision_here(recipe.training.precision)


def _assemble(
    recipe: NeuralRecipe, corpus: Corpus, checkpoint: Path | None
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return the initial model of a recipe, or the model of a checkpoint, with its tokenizer."""
    computes_in = torch.bfloat16 if precision_of(recipe) == "bf16" else torch.float32
    attention = attention_for(best_device(), computes_in)
    if checkpoint is not None:
        return rebuild(recipe.architecture, corpus.codes, checkpoint, attention=attention, merged=False)
    return build(recipe.architecture, LabelSpace.of(corpus), texts=corpus.texts("train"), attention=attention)


def _trained_parameters(model: PreTrainedModel) -> str:
    """Return the line that says how much of a model is trained."""
    trained = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    total = sum(parameter.numel() for parameter in model.parameters())
    return f"Training {trained:,} of {total:,} parameters ({trained / total:.1%})"


def _read_train(
    corpus: Corpus, tokenizer: PreTrainedTokenizerBase, recipe: NeuralRecipe, observer: Observer
) -> tuple[TokenizedNotes | NotesWithTwins, Cut]:
    notes, cut = _read_split(corpus, "train", tokenizer, recipe, observer)
    if recipe.training.synthetic_notes is None:
        return notes, cut
    names = recipe.training.synthetic_notes.names(LabelSpace.of(corpus))
    for sentence in names.sentences():
        observer.say(sentence)
    return NotesWithTwins(notes, Twins(names, tokenizer, recipe.reading, recipe.seed)), cut


def _read_split(
    corpus: Corpus, split: str, tokenizer: PreTrainedTokenizerBase, recipe: NeuralRecipe, observer: Observer
) -> tuple[TokenizedNotes, Cut]:
    observer.begin(f"Reading {split}", corpus.size(split))

    def texts() -> Iterator[str]:
        for text in corpus.texts(split):
            observer.advance()
            yield text

    read = list(recipe.reading.read(tokenizer, texts()))
    cut = measure_cut(corpus, split, [note.truncated for note in read], tokenizer, recipe.reading)
    labels = corpus.label_indices(split)
    if split != "train":
        # Metrics do not depend on the order of the notes, and batches of similar length need less padding.
        order = np.argsort([len(note.ids) for note in read], kind="stable")
        read, labels = [read[row] for row in order], [labels[row] for row in order]
    return TokenizedNotes(read, labels), cut


def _new_trainer(
    recipe: NeuralRecipe,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    train: TokenizedNotes | NotesWithTwins,
    validation: TokenizedNotes,
    labels: LabelSpace,
    run: Path,
    observer: Observer,
) -> NotesTrainer:
    loss = recipe.head.loss_function(recipe.loss, labels)
    reduction = recipe.loss.reduction if isinstance(recipe.loss, LabelwiseLoss) else "mean"
    trainer = NotesTrainer(
        loss,
        Objective(loss, recipe.training.r_drop, reduction),
        head_factor=recipe.training.head_learning_rate_factor,
        preparatory_epochs=recipe.head.preparatory_epochs,
        model=model,
        args=_arguments(recipe, len(train), RunLayout(run).checkpoints),
        train_dataset=train,
        eval_dataset=validation,
        data_collator=with_twins(
            recipe.reading.collator(tokenizer.pad_token_id, model.config.num_labels or 0)
        ),
        processing_class=tokenizer,
        compute_metrics=partial(_validation_metrics, recipe.head, labels.counts),
        callbacks=[
            BeginEpochs(recipe.head, observer),
            _Report(run, observer),
            CollapseAlarm(recipe, len(labels.codes), observer),
        ],
    )
    if recipe.training.patience is not None:
        trainer.add_callback(EarlyStoppingCallback(recipe.training.patience))
    if "tensorboard" in recipe.training.report_to and team.leads():
        trainer.add_callback(_tensorboard(RunLayout(run).tensorboard))
    return trainer


def _arguments(recipe: NeuralRecipe, notes: int, folder: Path) -> TrainingArguments:
    training = recipe.training
    selects = training.selection_metric != "last"
    every = "epoch" if training.checkpoint_steps is None else "steps"
    return training_arguments(
        folder,
        num_train_epochs=training.epochs,
        learning_rate=training.learning_rate,
        lr_scheduler_type=training.schedule,
        warmup_steps=training.warmup(notes),
        weight_decay=training.weight_decay,
        max_grad_norm=training.max_gradient_norm,
        per_device_train_batch_size=training.batch_size // team.size(),
        per_device_eval_batch_size=training.batch_size // team.size(),
        gradient_accumulation_steps=training.gradient_accumulation,
        activation_checkpointing=training.gradient_checkpointing,
        bf16=precision_of(recipe) == "bf16",
        eval_strategy=every,
        save_strategy=every,
        eval_steps=training.checkpoint_steps,
        save_steps=training.checkpoint_steps or 500,
        logging_steps=training.log_steps,
        metric_for_best_model=training.selection_metric if selects else None,
        greater_is_better=training.selection_metric != "loss" if selects else None,
        load_best_model_at_end=selects,
        restore_callback_states_from_checkpoint=True,
        seed=recipe.seed,
        data_seed=recipe.seed,
        dataloader_pin_memory=best_device().type == "cuda",
        # An encoder may have parameters that no reading or head uses.
        ddp_find_unused_parameters=True,
    )


def _validation_metrics(
    head: Head, train_counts: npt.NDArray[np.int64], prediction: EvalPrediction
) -> dict[str, float]:
    targets = np.asarray(prediction.label_ids) > 0.5
    logits = np.asarray(prediction.predictions, dtype=np.float32)
    scores = 1 / (1 + np.exp(-logits))
    # All other metrics are computed once, at the end of training.
    values = evaluate(targets, scores, profile=HEADLINES)
    tuned = float(threshold_curve(targets, scores, EDIN2024_GRID).max())
    signs = collapse_signs(targets, scores, train_counts, tuned)
    return {**values, "micro_f1_tuned": tuned, **signs, **head.validation_metrics(logits, targets)}


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


def _tensorboard(folder: Path) -> TrainerCallback:
    # Imported here: it takes seconds, and few runs use it.
    from torch.utils.tensorboard import SummaryWriter
    from transformers.integrations.integration_utils import TensorBoardCallback

    writer: Callable[..., Any] = SummaryWriter
    return TensorBoardCallback(tb_writer=writer(log_dir=str(folder)))
