"""Each process learns from its share of every batch, so that all together learn from the batches of one.

The gradients of the processes are averaged. A share counts by its number of notes, so that this average is
the gradient of the mean over the batch, also where the last batch of an epoch cannot be divided evenly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch.utils.data import BatchSampler, Dataset, Sampler

WEIGHT = "share_weight"
"""The key of a batch for the factor of its loss."""


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


class SharesOfBatches(BatchSampler):
    """Yields the share of one process in each batch of an order."""

    def __init__(self, order: Sampler[int], batch_size: int, rank: int, size: int) -> None:
        super().__init__(order, batch_size, drop_last=False)
        self._rank = rank
        self._size = size

    def __iter__(self) -> Iterator[Any]:
        for batch in super().__iter__():
            yield share_of(batch, self._rank, self._size)


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
