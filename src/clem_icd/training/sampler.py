"""The order in which notes are read: batches of similar length, shuffled by seed and epoch alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from torch.utils.data import Sampler

# Notes are sorted by length within a pool of this many batches. A larger pool means less padding and less
# randomness.
_BATCHES_PER_POOL = 50


class LengthGroupedSampler(Sampler[int]):
    """Yields rows such that the rows of a batch have similar lengths.

    The order is a function of lengths, batch size, seed and epoch. It does not depend on the state of any
    random generator, so a resumed epoch reads the notes in the same order.

    Parameters
    ----------
    lengths
        Number of tokens of every note [notes].
    batch_size
        Number of notes per batch.
    seed
        Seed of the order.

    """

    def __init__(self, lengths: npt.NDArray[np.int64], batch_size: int, seed: int) -> None:
        self._lengths = lengths
        self._batch_size = batch_size
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch of the next iteration."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        random = np.random.default_rng([self._seed, self._epoch])
        rows = random.permutation(len(self._lengths))
        pool = self._batch_size * _BATCHES_PER_POOL
        batches: list[npt.NDArray[np.int64]] = []
        for begin in range(0, len(rows), pool):
            members = rows[begin : begin + pool]
            members = members[np.argsort(self._lengths[members], kind="stable")]
            batches += [
                members[at : at + self._batch_size] for at in range(0, len(members), self._batch_size)
            ]
        # A short batch has to come last, or it would shift the boundaries of all batches after it.
        full = [batch for batch in batches if len(batch) == self._batch_size]
        rest = [batch for batch in batches if len(batch) < self._batch_size]
        for position in random.permutation(len(full)):
            yield from full[position].tolist()
        for batch in rest:
            yield from batch.tolist()


class EpochAndRowSampler(Sampler[tuple[int, int]]):
    """Yields the epoch with every row, for items that are another in each epoch.

    Parameters
    ----------
    rows
        The order of the rows.

    """

    def __init__(self, rows: LengthGroupedSampler) -> None:
        self._rows = rows
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch of the next iteration."""
        self._rows.set_epoch(epoch)
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        for row in self._rows:
            yield self._epoch, row
