"""Pretraining with the Hugging Face Trainer, where one item of the dataset is the batch of one step."""

from __future__ import annotations

import time
from collections import defaultdict
from math import exp
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Sampler, SequentialSampler
from transformers import PreTrainedModel, TrainerControl, TrainerState, TrainingArguments

from clem_icd.modeling.language_model import packed_inputs
from clem_icd.modeling.machine import precision_here
from clem_icd.pretraining.coded_texts import codes_loss
from clem_icd.pretraining.recipe import PretrainingRecipe
from clem_icd.pretraining.steps import HeldOut, Steps
from clem_icd.progress import Observer, minutes
from clem_icd.runs.layout import RunLayout
from clem_icd.training.stopping import as_text
from clem_icd.training.trainer import ProgressReport, TrainerBase, training_arguments

# ModernBERT's settings (Warner et al. 2024, appendix).
_BETAS = (0.9, 0.98)
_EPSILON = 1e-6


class Pretrainer(TrainerBase):
    """Trains on masked tokens and, if the recipe says so, on codes."""

    def __init__(self, recipe: PretrainingRecipe, pad: int, **others: Any) -> None:
        super().__init__(**others)
        self.recipe = recipe
        self.pad = pad
        self._parts: defaultdict[str, list[torch.Tensor]] = defaultdict(list)

    def compute_loss(  # type: ignore[override]
        self,
        model: PreTrainedModel,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | None = None,
    ) -> Any:
        """Return the loss of a batch of `Steps` or `HeldOut`."""
        outputs = model(**packed_inputs(model, inputs["ids"], inputs["sequences"]), labels=inputs["labels"])
        loss = outputs.loss
        if "coded" in inputs:
            codes = self.recipe.codes
            # The Trainer autocasts only the model's own forward pass; `codes_loss` calls its encoder.
            with self.accelerator.autocast():
                code_loss = codes_loss(model, inputs["coded"], codes.temperature, self.pad)
            self._parts["masks_loss"].append(loss.detach())
            self._parts["codes_loss"].append(code_loss.detach())
            loss = loss + codes.weight * code_loss
        return (loss, outputs) if return_outputs else loss

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Log the mean of each part of the training loss since the last entry, next to their sum."""
        if "loss" in logs:
            logs |= {name: torch.stack(values).mean().item() for name, values in self._parts.items()}
            self._parts.clear()
        super().log(logs, *args, **kwargs)

    def unlogged(self) -> dict[str, Any]:
        """Return what was added up since the last entry of the log, as JSON."""
        parts = {name: [as_text(value) for value in values] for name, values in self._parts.items()}
        return {**super().unlogged(), "parts": parts}

    def restore_unlogged(self, stored: dict[str, Any]) -> None:
        """Continue with the result of `unlogged`."""
        super().restore_unlogged(stored)
        for name, values in stored["parts"].items():
            self._parts[name] = [self._tr_loss.new_tensor(float.fromhex(value)) for value in values]

    def reading_order(self, dataset: Any) -> Sampler[int]:
        """Return the steps in order: an item of `Steps` is the batch of one step."""
        return SequentialSampler(dataset)


class _Report(ProgressReport):
    """Reports the losses, the speed, and the time left."""

    task = "Pretraining"

    def __init__(self, run: Path, observer: Observer, batch_tokens: int) -> None:
        super().__init__(run, observer)
        self._batch_tokens = batch_tokens
        self._began = 0.0
        self._first = 0

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        super().on_train_begin(args, state, control)
        self._began, self._first = time.monotonic(), state.global_step

    def history(self, state: TrainerState) -> list[dict[str, Any]]:
        return reproducible_history(state.log_history)

    def line(self, state: TrainerState, metrics: dict[str, float]) -> str:
        loss = metrics["eval_loss"]
        done = state.global_step - self._first
        seconds = time.monotonic() - self._began
        speed = done * self._batch_tokens / seconds if seconds else 0.0
        left = (state.max_steps - state.global_step) * seconds / max(1, done)
        return (
            f"Step {state.global_step:,} of {state.max_steps:,}: {_training_loss(state)}held-out loss "
            f"{loss:.3f} (perplexity {exp(min(loss, 50)):,.1f}), {speed:,.0f} tokens/s, {minutes(left)} left"
        )


def new_trainer(
    recipe: PretrainingRecipe,
    model: PreTrainedModel,
    pad: int,
    steps: Steps,
    held_out: HeldOut,
    run: Path,
    observer: Observer,
) -> Pretrainer:
    """Return a trainer that saves checkpoints in ``run`` and reports to the observer."""
    return Pretrainer(
        recipe,
        pad,
        model=model,
        args=_arguments(recipe, len(steps), RunLayout(run).checkpoints),
        train_dataset=steps,
        eval_dataset=held_out,
        data_collator=_only_item,
        callbacks=[_Report(run, observer, recipe.training.batch_tokens)],
    )


def reproducible_history(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a history without durations and the closing summary, so equal runs have equal histories."""
    return [
        {key: value for key, value in row.items() if not key.endswith(("_runtime", "_per_second"))}
        for row in history
        if "train_runtime" not in row
    ]


def _training_loss(state: TrainerState) -> str:
    row = next((row for row in reversed(state.log_history) if "loss" in row), None)
    if row is None:
        return ""
    parts = {"masks_loss": "masks", "codes_loss": "codes"}
    inside = ", ".join(f"{name} {row[key]:.3f}" for key, name in parts.items() if key in row)
    return f"loss {row['loss']:.3f}{f' ({inside})' if inside else ''}, "


def _only_item(items: list[dict[str, Any]]) -> dict[str, Any]:
    return items[0]


def _arguments(recipe: PretrainingRecipe, steps: int, folder: Path) -> TrainingArguments:
    training = recipe.training
    return training_arguments(
        folder,
        max_steps=steps,
        per_device_train_batch_size=1,
        per_device_eval_batch_size=1,
        learning_rate=training.learning_rate,
        lr_scheduler_type="warmup_stable_decay",
        # Warm-up, a long plateau, and a one-minus-square-root decay (Hägele et al. 2024).
        lr_scheduler_kwargs={
            "num_decay_steps": max(1, round(training.decay_share * steps)),
            "decay_type": "1-sqrt",
        },
        warmup_steps=round(training.warmup_share * steps),
        weight_decay=training.weight_decay,
        adam_beta1=_BETAS[0],
        adam_beta2=_BETAS[1],
        adam_epsilon=_EPSILON,
        max_grad_norm=training.max_gradient_norm,
        bf16=precision_here(training.precision) == "bf16",
        # All three at the same steps, so a resumed run logs the same as an uninterrupted one.
        eval_strategy="steps",
        save_strategy="steps",
        logging_strategy="steps",
        eval_steps=training.checkpoint_steps,
        save_steps=training.checkpoint_steps,
        logging_steps=training.checkpoint_steps,
        prediction_loss_only=True,
        seed=recipe.seed,
        data_seed=recipe.seed,
        dataloader_pin_memory=False,
    )
