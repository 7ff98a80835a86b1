"""The batches of a recipe: how many notes at once, and which other settings learn from as many per step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from clem_icd.training.recipe import NeuralTraining
from clem_icd.training.sampler import LengthGroupedSampler

Lengths = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Batching:
    """The settings that decide how much memory a step takes."""

    batch_size: int
    gradient_accumulation: int
    gradient_checkpointing: bool

    @classmethod
    def of(cls, training: NeuralTraining) -> Batching:
        """Return the settings of a recipe."""
        return cls(training.batch_size, training.gradient_accumulation, training.gradient_checkpointing)

    @property
    def notes_per_step(self) -> int:
        """The effective batch size: the notes that an optimizer step learns from."""
        return self.batch_size * self.gradient_accumulation

    def settings(self) -> list[str]:
        """Return the settings as ``KEY=VALUE``."""
        return [
            f"training.batch_size={self.batch_size}",
            f"training.gradient_accumulation={self.gradient_accumulation}",
            f"training.gradient_checkpointing={str(self.gradient_checkpointing).lower()}",
        ]

    def smaller(self) -> Iterator[Batching]:
        """Yield settings with the same effective batch that take less memory, the fastest first."""
        for size in sorted(_divisors(self.notes_per_step), reverse=True):
            if size < self.batch_size:
                yield Batching(size, self.notes_per_step // size, self.gradient_checkpointing)
        if not self.gradient_checkpointing:
            yield Batching(1, self.notes_per_step, True)

    def without_checkpointing(self) -> Batching:
        """Return the same settings without gradient checkpointing: faster, with more memory."""
        return replace(self, gradient_checkpointing=False)

    def larger(self) -> Iterator[Batching]:
        """Yield settings with the same effective batch and more notes at once, the most first."""
        for size in sorted(_divisors(self.notes_per_step), reverse=True):
            if size > self.batch_size:
                yield Batching(size, self.notes_per_step // size, self.gradient_checkpointing)


def epoch_batches(lengths: Lengths, batch_size: int, seed: int) -> list[list[int]]:
    """Return the batches of the first epoch, as the notes in each, from the shortest batch to the longest."""
    order = list(LengthGroupedSampler(lengths, batch_size, seed))
    return consecutive_batches(lengths, order, batch_size)


def consecutive_batches(lengths: Lengths, order: Sequence[int], batch_size: int) -> list[list[int]]:
    """Return consecutive batches of an order, from the shortest to the longest."""
    batches = [list(order[at : at + batch_size]) for at in range(0, len(order), batch_size)]
    return sorted(batches, key=lambda batch: padded_tokens(lengths, batch))


def batch_at(batches: Sequence[list[int]], place: float) -> list[int]:
    """Return the batch at a place between the first (0) and the last (1)."""
    return batches[round(place * (len(batches) - 1))]


def longest_batch(lengths: Lengths, batch_size: int) -> list[int]:
    """Return the longest notes: no epoch has a longer batch."""
    rows: list[int] = np.argsort(lengths, kind="stable")[-batch_size:].tolist()
    return rows


def padded_tokens(lengths: Lengths, batch: Sequence[int]) -> int:
    """Return the number of tokens of a batch, padding included."""
    return len(batch) * int(lengths[list(batch)].max())


def _divisors(number: int) -> list[int]:
    return [one for one in range(1, number + 1) if number % one == 0]
