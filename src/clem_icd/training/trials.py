"""Trials: settings tried out in a few measured steps, from a short batch to the longest one."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import PreTrainedModel

from clem_icd.modeling.inputs import TokenizedNotes
from clem_icd.modeling.machine import best_device
from clem_icd.modeling.memory import available_bytes, forget_peak, peak_bytes
from clem_icd.progress import Observer
from clem_icd.training.batching import (
    Batching,
    batch_at,
    consecutive_batches,
    epoch_batches,
    longest_batch,
    padded_tokens,
)
from clem_icd.training.measuring import StepCost, measure_steps, synchronize
from clem_icd.training.notes_trainer import NotesTrainer

# Places among the batches of an epoch, from the shortest (0) to the longest (1), where steps are measured.
_PLACES = {"short": 0.1, "median": 0.5, "long": 0.9}
_LONGEST = "longest"

# These are measured in a second step, as the first one in such memory takes longer.
_WARMED_UP = ("short", _LONGEST)

# The share of the memory that a step may take. On a GPU, other lengths leave gaps. On a CPU, the C library
# keeps much of the memory that is freed: runs of up to 200 steps took 1.4 to 2.2 times as much as one step.
_USABLE = {"cuda": 0.9, "cpu": 0.45}


@dataclass(frozen=True, slots=True)
class BatchCost:
    """The cost of a training step over one batch.

    Attributes
    ----------
    batch
        Which batch of an epoch: ``short``, ``median``, ``long`` (at 10, 50 and 90 %) or ``longest``.
    tokens, padded_tokens
        Tokens of its notes, without and with padding.
    step
        Time and peak memory.

    """

    batch: str
    notes: int
    tokens: int
    padded_tokens: int
    step: StepCost


@dataclass(frozen=True, slots=True)
class Trial:
    """What was measured with some settings.

    Attributes
    ----------
    batches
        The measured batches, from short to long. The longest is missing if it does not fit into the memory.
    peak_bytes
        The peak of the longest batch, measured or expected from the others; None if these do not fit either.
    epoch_seconds
        The duration of all steps of an epoch; None if the settings do not fit.

    """

    batching: Batching
    batches: Sequence[BatchCost]
    peak_bytes: int | None
    epoch_seconds: float | None

    @property
    def fits(self) -> bool:
        """Whether the longest batch fits into the memory."""
        return self.epoch_seconds is not None


class Bench:
    """Tries out settings with the trainer of a recipe.

    Parameters
    ----------
    trainer
        Is trained a few steps in each trial.
    seed
        The seed of the recipe, which decides the batches.
    checkpointing
        Whether the recipe allows gradient checkpointing.

    """

    def __init__(
        self, trainer: NotesTrainer, seed: int, observer: Observer, *, checkpointing: bool = True
    ) -> None:
        untyped: Any = trainer
        self.model: PreTrainedModel = untyped.model
        self.notes: TokenizedNotes = untyped.train_dataset
        self._validation: TokenizedNotes = untyped.eval_dataset
        self._trainer = trainer
        self._seed = seed
        self._observer = observer
        self._checkpointing = checkpointing
        self.available = available_bytes(best_device())
        self._usable = _USABLE[best_device().type] * self.available
        forget_peak(best_device())
        self._before = (0, peak_bytes(best_device()))

    def try_out(self, batching: Batching) -> Trial:
        """Measure a step for some batches of an epoch, and one for the longest possible if it fits."""
        lengths = self.notes.lengths
        epoch = epoch_batches(lengths, batching.batch_size, self._seed)
        chosen = {name: batch_at(epoch, place) for name, place in _PLACES.items()}
        chosen[_LONGEST] = longest_batch(lengths, batching.batch_size)
        self._observer.begin("Measuring", len(chosen) + len(_WARMED_UP))
        self._trainer.args.activation_checkpointing = batching.gradient_checkpointing
        # The Trainer switches it on, but never off again.
        self.model.activation_checkpointing_disable()
        costs: list[BatchCost] = []
        for name, batch in chosen.items():
            cost = self._measured(name, batch, costs)
            if cost is None:
                expected = expected_peak(_peaks(costs), padded_tokens(lengths, chosen[_LONGEST]))
                return Trial(batching, costs, expected, None)
            costs.append(cost)
        padded = [padded_tokens(lengths, batch) for batch in epoch]
        seconds = epoch_seconds(costs, padded, batching.gradient_accumulation)
        fits = costs[-1].step.peak_bytes <= self._usable
        return Trial(batching, costs, costs[-1].step.peak_bytes, seconds if fits else None)

    def candidates(self, own: Trial) -> Iterator[Batching]:
        """Yield settings with the effective batch of a trial that may be better: smaller if it does not fit.

        Settings that are expected not to fit are left out.
        """
        for batching in own.batching.larger() if own.fits else own.batching.smaller():
            if batching.gradient_checkpointing and not self._checkpointing:
                continue
            longest = longest_batch(self.notes.lengths, batching.batch_size)
            unlike = batching.gradient_checkpointing != own.batching.gradient_checkpointing
            if unlike or not self._exceeds(own.batches, padded_tokens(self.notes.lengths, longest)):
                yield batching

    def evaluation_seconds(self, batching: Batching) -> float:
        """Return the time that scoring the validation split takes, from a few measured batches."""
        lengths = self._validation.lengths
        epoch = consecutive_batches(lengths, range(len(lengths)), batching.batch_size)
        measured = [batch_at(epoch, place) for place in (*_PLACES.values(), 1.0)]
        self._observer.begin("Measuring the evaluation", len(measured) + 1)
        self.model.eval()
        seconds = [self._evaluation_step(batch) for batch in [measured[0], *measured]][1:]
        tokens = [padded_tokens(lengths, batch) for batch in measured]
        return float(interpolated(tokens, seconds, [padded_tokens(lengths, batch) for batch in epoch]).sum())

    def _measured(self, name: str, batch: list[int], before: Sequence[BatchCost]) -> BatchCost | None:
        """Measure a step over a batch; None if the memory is too small for it.

        A GPU whose memory runs out raises an error. A process whose memory runs out is killed, so a step is
        not made if the shorter batches measured before lead to expect that.
        """
        padded = padded_tokens(self.notes.lengths, batch)
        if best_device().type != "cuda" and self._exceeds(before, padded):
            return None
        with suppress(torch.OutOfMemoryError):
            steps = [batch, batch] if name in _WARMED_UP else [batch]
            step = measure_steps(self._trainer, steps, self._observer.advance)[-1]
            tokens = int(self.notes.lengths[batch].sum())
            return BatchCost(name, len(batch), tokens, padded, step)
        self._free()
        return None

    def _exceeds(self, costs: Sequence[BatchCost], padded: int) -> bool:
        """Whether a batch is expected to take too much memory; one step is compared with none."""
        points = _peaks(costs)
        expected = expected_peak([self._before, *points] if len(points) == 1 else points, padded)
        return expected is not None and expected > self._usable

    def _free(self) -> None:
        self.model.zero_grad(set_to_none=True)
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _evaluation_step(self, batch: Sequence[int]) -> float:
        began = time.perf_counter()
        inputs = self._trainer.data_collator([self._validation[row] for row in batch])
        self._trainer.prediction_step(self.model, inputs, prediction_loss_only=False)
        synchronize()
        self._observer.advance()
        return time.perf_counter() - began


def epoch_seconds(costs: Sequence[BatchCost], padded: Sequence[int], accumulation: int) -> float:
    """Return the duration of an epoch: time is linear in padded tokens between the measured batches.

    Parameters
    ----------
    costs
        The measured batches.
    padded
        The padded tokens of every batch of the epoch.
    accumulation
        The number of batches per optimizer step; each was measured with a step of its own.

    """
    seconds = interpolated([one.padded_tokens for one in costs], [one.step.seconds for one in costs], padded)
    update = float(np.median([one.step.update_seconds for one in costs]))
    steps = -(-len(padded) // accumulation)
    return float(seconds.sum()) - (len(padded) - steps) * update


def _peaks(costs: Sequence[BatchCost]) -> list[tuple[int, int]]:
    return [(one.padded_tokens, one.step.peak_bytes) for one in costs]


def expected_peak(measured: Sequence[tuple[int, int]], padded: int) -> int | None:
    """Return the peak memory of a batch: memory is linear in padded tokens.

    Parameters
    ----------
    measured
        Padded tokens and peak memory of other batches.
    padded
        The padded tokens of the batch.

    Returns
    -------
    int | None
        None if fewer than two lengths were measured.

    """
    if len({tokens for tokens, _ in measured}) < 2:
        return None
    tokens, peaks = np.array(measured, dtype=np.float64).T
    slope = max(0.0, float(np.polyfit(tokens, peaks, 1)[0]))
    return int(peaks.max() + slope * (padded - tokens.max()))


def interpolated(
    measured: Sequence[int], seconds: Sequence[float], padded: Sequence[int]
) -> npt.NDArray[np.float64]:
    """Return the duration of batches from those of measured ones; beyond these, it stays the same."""
    order = np.argsort(measured, kind="stable")
    found: npt.NDArray[np.float64] = np.interp(padded, np.array(measured)[order], np.array(seconds)[order])
    return found
