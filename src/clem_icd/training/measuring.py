"""Measuring training steps: their time and their peak memory, in the Trainer that trains."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from clem_icd.modeling.machine import best_device
from clem_icd.modeling.memory import forget_peak, peak_bytes
from clem_icd.training.trainer import ProgressReport, TrainerBase


@dataclass(frozen=True, slots=True)
class StepCost:
    """The cost of one optimizer step over one batch.

    Attributes
    ----------
    seconds
        Making the batch, forward and backward pass, and the update of the weights.
    update_seconds
        The update alone, which accumulated batches share.
    peak_bytes
        See `clem_icd.modeling.memory`.

    """

    seconds: float
    update_seconds: float
    peak_bytes: int


def measure_steps(
    trainer: TrainerBase, batches: Sequence[list[int]], advance: Callable[[], None]
) -> list[StepCost]:
    """Train on some batches, one step each, and return the cost of each step.

    Nothing is evaluated, logged or saved. The trainer is of no use afterwards, except to measure more.

    Parameters
    ----------
    batches
        The items of each batch, by their index in the training data.
    advance
        Called after each step.

    """
    trainer.fixed_batches = batches
    trainer.args.gradient_accumulation_steps = 1
    trainer.remove_callback(ProgressReport)
    clock = _Clock(len(batches), advance)
    trainer.add_callback(clock)
    try:
        trainer.train()
    finally:
        trainer.remove_callback(clock)
    return clock.costs


def synchronize() -> None:
    """Wait for the GPU, which works while the process goes on."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


class _Clock(TrainerCallback):
    """Measures every step, and keeps the Trainer from doing anything between steps."""

    def __init__(self, steps: int, advance: Callable[[], None]) -> None:
        self.costs: list[StepCost] = []
        self._steps = steps
        self._advance = advance
        self._began = self._update_began = self._update_seconds = 0.0

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._begin()

    def on_pre_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        synchronize()
        self._update_began = time.perf_counter()

    def on_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        synchronize()
        self._update_seconds = time.perf_counter() - self._update_began

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        synchronize()
        seconds = time.perf_counter() - self._began
        self.costs.append(StepCost(seconds, self._update_seconds, peak_bytes(best_device())))
        self._only_train(control)
        self._advance()
        self._begin()

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._only_train(control)

    def _begin(self) -> None:
        forget_peak(best_device())
        self._began = time.perf_counter()

    def _only_train(self, control: TrainerControl) -> None:
        control.should_log = control.should_evaluate = control.should_save = False
        control.should_training_stop = len(self.costs) >= self._steps
