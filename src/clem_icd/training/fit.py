"""Training a neural system with the Hugging Face Trainer, and taking it up again where it was killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    EarlyStoppingCallback,
    EvalPrediction,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)

from clem_icd.corpus import Corpus
from clem_icd.decisions import EDIN2024_GRID, threshold_curve
from clem_icd.evaluation import evaluate
from clem_icd.modeling import (
    Collator,
    NeuralSystem,
    SmallEncoder,
    TokenizedNotes,
    attention_for,
    best_device,
    new_classifier,
    set_head_from_titles,
    set_prior_bias,
    tokenize,
)
from clem_icd.modeling.machine import precision_here, use_usable_cores
from clem_icd.progress import Observer
from clem_icd.runs.checkpoints import Checkpoint, checkpoint_at, last_checkpoint
from clem_icd.runs.history import write_history
from clem_icd.runs.layout import RunLayout
from clem_icd.training.marking import MarkCheckpoints, PassingTrainer
from clem_icd.training.recipe import NeuralRecipe
from clem_icd.training.sampler import LengthGroupedSampler

# The validation metrics of every epoch; all others are computed once, at the end.
_CURVES = (
    "micro_f1",
    "macro_f1_all_labels",
    "macro_f1_split_labels",
    "macro_f1_caml",
    "map",
    "precision_at_8",
)


def train_neural(recipe: NeuralRecipe, corpus: Corpus, run: Path, observer: Observer) -> NeuralSystem:
    """Train, or go on from the last whole checkpoint of the run, and return the best epoch's system.

    Writes ``checkpoints/`` and ``history.json`` below ``run``.
    """
    use_usable_cores()
    set_seed(recipe.seed)
    folder = RunLayout(run).checkpoints
    folder.mkdir(exist_ok=True)
    resumed = last_checkpoint(folder)
    model, tokenizer = _new_model(recipe, corpus, resumed.path if resumed else None)
    train = _tokenized(corpus, "train", tokenizer, recipe, observer)
    validation = _tokenized(corpus, "validation", tokenizer, recipe, observer)
    trainer = _trainer(recipe, model, tokenizer, train, validation, run, observer)
    if resumed is not None and _is_over(resumed, recipe):
        history, best = resumed.history, resumed.best_step or resumed.step
    else:
        if resumed is not None:
            observer.say(f"Resuming from step {resumed.step}")
        trainer.train(resume_from_checkpoint=None if resumed is None else str(resumed.path))
        history, best = trainer.state.log_history, trainer.state.best_global_step or trainer.state.global_step
    write_history(run, history)
    return NeuralSystem.load(checkpoint_at(folder, best), recipe.max_tokens)


class _NotesTrainer(PassingTrainer):
    """The Trainer with batches of similar length in an order that resumes exactly."""

    def _get_train_sampler(self, train_dataset: Any = None) -> LengthGroupedSampler:
        dataset: Any = train_dataset if train_dataset is not None else self.train_dataset
        return LengthGroupedSampler(dataset.lengths, self._train_batch_size, self.args.seed)


class _Report(TrainerCallback):
    """Tells an observer, and keeps ``history.json`` up to date."""

    def __init__(self, run: Path, observer: Observer) -> None:
        self._run = run
        self._observer = observer

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._observer.begin("Training", state.max_steps)
        self._observer.advance(state.global_step)

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._observer.advance()

    def on_evaluate(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        metrics = kwargs["metrics"]
        write_history(self._run, state.log_history)
        self._observer.say(
            f"Epoch {metrics['epoch']:.4g}: validation loss {metrics['eval_loss']:.4f}, "
            f"micro-F1 {metrics['eval_micro_f1_tuned']:.4f}, MAP {metrics['eval_map']:.4f}"
        )


def _new_model(
    recipe: NeuralRecipe, corpus: Corpus, checkpoint: Path | None
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return the model that the recipe starts from, or that of a checkpoint with its own tokenizer."""
    small = SmallEncoder(**recipe.small.model_dump())
    options: dict[str, Any] = {"classifier_pooling": recipe.pooling} if recipe.pooling else {}
    if recipe.dropout is not None:
        options |= dict.fromkeys(
            ("embedding_dropout", "mlp_dropout", "attention_dropout", "classifier_dropout"), recipe.dropout
        )
    model, tokenizer = new_classifier(
        recipe.encoder if checkpoint is None else str(checkpoint),
        corpus.codes,
        max_tokens=recipe.max_tokens,
        texts=corpus.texts("train"),
        small=small,
        attention=attention_for(
            best_device(), torch.bfloat16 if precision_of(recipe) == "bf16" else torch.float32
        ),
        options=options,
    )
    if recipe.prior_bias and checkpoint is None:
        set_prior_bias(model, corpus.train_counts() / corpus.size("train"))
    if recipe.head_from_titles and checkpoint is None:
        set_head_from_titles(model, tokenizer, [label.title for label in corpus.labels])
    return model, tokenizer


def _tokenized(
    corpus: Corpus,
    split: str,
    tokenizer: PreTrainedTokenizerBase,
    recipe: NeuralRecipe,
    observer: Observer,
) -> TokenizedNotes:
    observer.begin(f"Reading {split}", corpus.size(split))

    def texts() -> Iterator[str]:
        for text in corpus.texts(split):
            observer.advance()
            yield text

    tokens = list(tokenize(tokenizer, texts(), recipe.max_tokens))
    labels = corpus.label_indices(split)
    if split != "train":
        # Metrics do not depend on the order of the notes, and the batches then need no padding.
        order = np.argsort([len(note.ids) for note in tokens], kind="stable")
        tokens, labels = [tokens[row] for row in order], [labels[row] for row in order]
    notes = TokenizedNotes(tokens, labels)
    if notes.truncated:
        observer.say(
            f"{notes.truncated:,} notes of {split} are longer than {recipe.max_tokens:,} tokens: cut there"
        )
    return notes


def _trainer(
    recipe: NeuralRecipe,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    train: TokenizedNotes,
    validation: TokenizedNotes,
    run: Path,
    observer: Observer,
) -> Trainer:
    trainer = _NotesTrainer(
        model=model,
        args=_arguments(recipe, len(train), RunLayout(run).checkpoints),
        train_dataset=train,
        eval_dataset=validation,
        data_collator=Collator(tokenizer.pad_token_id, model.config.num_labels or 0),
        processing_class=tokenizer,
        compute_metrics=_validation_metrics,
        callbacks=[
            _Report(run, observer),
            MarkCheckpoints(RunLayout(run).checkpoints),
        ],
    )
    trainer.remove_callback(PrinterCallback)
    # The stock classifier averages its loss over the batch, but its signature makes the Trainer
    # believe that it has divided it by the accumulated items, and the Trainer then leaves that out.
    trainer.model_accepts_loss_kwargs = False
    if recipe.training.patience is not None:
        trainer.add_callback(EarlyStoppingCallback(recipe.training.patience))
    if "tensorboard" in recipe.training.report_to:
        trainer.add_callback(_tensorboard(RunLayout(run).tensorboard))
    return trainer


def _arguments(recipe: NeuralRecipe, notes: int, folder: Path) -> TrainingArguments:
    training = recipe.training
    steps = -(-notes // (training.batch_size * training.gradient_accumulation)) * training.epochs
    every = "epoch" if training.checkpoint_steps is None else "steps"
    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=training.epochs,
        learning_rate=training.learning_rate,
        lr_scheduler_type=training.schedule,
        warmup_steps=round(training.warmup_share * steps),
        weight_decay=training.weight_decay,
        max_grad_norm=training.max_gradient_norm,
        per_device_train_batch_size=training.batch_size,
        per_device_eval_batch_size=training.batch_size,
        gradient_accumulation_steps=training.gradient_accumulation,
        activation_checkpointing=training.gradient_checkpointing,
        bf16=precision_of(recipe) == "bf16",
        use_cpu=best_device().type == "cpu",
        eval_strategy=every,
        save_strategy=every,
        eval_steps=training.checkpoint_steps,
        save_steps=training.checkpoint_steps or 500,
        logging_steps=training.log_steps,
        metric_for_best_model=training.selection_metric,
        greater_is_better=training.selection_metric != "loss",
        load_best_model_at_end=True,
        restore_callback_states_from_checkpoint=True,
        seed=recipe.seed,
        data_seed=recipe.seed,
        disable_tqdm=True,
        report_to="none",
        remove_unused_columns=False,
        dataloader_pin_memory=best_device().type == "cuda",
    )
    # Several GPUs in one process would multiply the batch size behind the recipe's back.
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1
    return arguments


def precision_of(recipe: NeuralRecipe) -> str:
    """Return the precision that a recipe trains in on this machine: ``bf16`` or ``fp32``."""
    return precision_here(recipe.training.precision)


def _validation_metrics(prediction: EvalPrediction) -> dict[str, float]:
    targets = np.asarray(prediction.label_ids) > 0.5
    logits = np.asarray(prediction.predictions, dtype=np.float32)
    scores = 1 / (1 + np.exp(-logits))
    values = evaluate(targets, scores, profile=_CURVES)
    tuned = float(threshold_curve(targets, scores, EDIN2024_GRID).max())
    return {**values, "micro_f1_tuned": tuned}


def _is_over(checkpoint: Checkpoint, recipe: NeuralRecipe) -> bool:
    """Whether the training that left this checkpoint had nothing more to do.

    The Trainer forgets on resuming that it had stopped early, so the counter is read here.
    """
    if checkpoint.step >= checkpoint.max_steps:
        return True
    stopping = checkpoint.callbacks.get("EarlyStoppingCallback")
    if stopping is None or recipe.training.patience is None:
        return False
    counter = stopping["attributes"]["early_stopping_patience_counter"]
    return bool(counter >= recipe.training.patience)


def _tensorboard(folder: Path) -> TrainerCallback:
    # Imported here, since it takes seconds and few runs ask for it.
    from torch.utils.tensorboard import SummaryWriter
    from transformers.integrations.integration_utils import TensorBoardCallback

    make_writer: Callable[..., Any] = SummaryWriter
    return TensorBoardCallback(tb_writer=make_writer(log_dir=str(folder)))
