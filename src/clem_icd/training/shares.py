"""Each process learns from its share of every step, so that all together learn from the batches of one.

The gradients of the processes are averaged. A share counts by its number of notes, so that this average is
the gradient of the mean over the batch, also where the last batch of an epoch cannot be divided evenly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import gcd
from typing import Any, NamedTuple

import torch
from torch.utils.data import BatchSampler, Dataset, Sampler

WEIGHT = "share_weight"
"""The key of a batch for the factor of its loss."""


@dataclass(frozen=True, slots=True)
class Division:
    """How processes divide the notes of an optimizer step.

    They share a batch if its size is a multiple of their number. Otherwise they read several of the
    accumulated batches in one pass, as few as equal shares take: of batches with one note, each process reads
    one.

    Attributes
    ----------
    batch_size, accumulation
        Notes per batch and batches per step, as the recipe has them.
    processes
        Number of processes.

    """

    batch_size: int
    accumulation: int
    processes: int = 1

    @property
    def notes_per_step(self) -> int:
        """The notes that a step learns from."""
        return self.batch_size * self.accumulation

    @property
    def is_equal(self) -> bool:
        """Whether every process has as many notes of a step."""
        return self.notes_per_step % self.processes == 0

    def nearest_equal(self) -> Division:
        """Return an equal division of nearly as many notes, in which no process reads more at once."""
        each = max(1, round(self.notes_per_step / self.processes))
        at_once = max(one for one in range(1, self.batch_size + 1) if each % one == 0)
        return Division(at_once * self.processes, each // at_once, self.processes)

    @property
    def processes_per_batch(self) -> int:
        """The processes that share a batch."""
        return gcd(self.batch_size, self.processes)

    @property
    def notes_per_process(self) -> int:
        """The notes that a process reads in one pass; no more than a batch has."""
        return self.batch_size // self.processes_per_batch

    @property
    def batches_per_pass(self) -> int:
        """The batches that all processes together read in one pass."""
        return self.processes // self.processes_per_batch

    @property
    def passes(self) -> int:
        """The passes of a step."""
        return self.accumulation // self.batches_per_pass


class Share(NamedTuple):
    """What one process reads of a batch.

    Attributes
    ----------
    rows
        The notes.
    weight
        The factor of the mean loss over these notes. It is 1 if all shares are equal.

    """

    rows: list[int]
    weight: float


def share_of(batch: Sequence[int], rank: int, size: int) -> Share:
    """Return the share of a process in a batch; the notes are dealt out in turn.

    A process without a note of its own reads the first one with weight 0, since all must take part.
    """
    rows = list(batch[rank::size])
    return Share(rows or list(batch[:1]), len(rows) * size / len(batch))


def shares_of_step(batches: Sequence[list[int]], rank: int, division: Division) -> Iterator[Share]:
    """Yield the share of a process in each pass of a step.

    The last step of an epoch may have fewer batches, and its last pass then has none for some processes. The
    Trainer divides by the number of passes, so all other shares of such a step weigh more.
    """
    together = division.batches_per_pass
    passes = [batches[at : at + together] for at in range(0, len(batches), together)]
    factor = len(passes) * together / len(batches)
    place, part = divmod(rank, division.processes_per_batch)
    for read in passes:
        if place < len(read):
            share = share_of(read[place], part, division.processes_per_batch)
            yield share._replace(weight=share.weight * factor)
        else:
            yield Share(read[0][:1], 0.0)


class SharesOfBatches(BatchSampler):
    """Yields the share of one process in each pass over the batches of an order."""

    def __init__(self, order: Sampler[int], division: Division, rank: int) -> None:
        super().__init__(order, division.batch_size, drop_last=False)
        self._division = division
        self._rank = rank

    def __iter__(self) -> Iterator[Any]:
        batches = super().__iter__()
        while step := list(islice(batches, self._division.accumulation)):
            yield from shares_of_step(step, self._rank, self._division)

    def __len__(self) -> int:
        return -(-super().__len__() // self._division.batches_per_pass)


class SharedNotes(Dataset[Any]):
    """Notes that are read in shares; the weight of the share becomes part of the batch."""

    def __init__(self, notes: Any) -> None:
        self._notes = notes

    def __len__(self) -> int:
        return len(self._notes)

    def __getitems__(self, share: Share) -> tuple[list[dict[str, Any]], float]:
        """Return the notes of a share, and its weight."""
        return [self._notes[row] for row in share.rows], share.weight


def with_weights(collate: Callable[[list[dict[str, Any]]], dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Return a collator of shares, as `SharedNotes` has them."""

    def collated(share: tuple[list[dict[str, Any]], float]) -> dict[str, Any]:
        items, weight = share
        return {**collate(items), WEIGHT: torch.tensor(weight)}

    return collated
