"""Notes as token ids: stored flat, counted, and batched by length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerBase

from clem_icd.modeling.readings import ReadNote, WholeReading


def count_tokens(tokenizer: PreTrainedTokenizerBase, texts: Iterable[str]) -> npt.NDArray[np.int64]:
    """Return the number of tokens of every text, special tokens included, without truncation [texts]."""
    return np.fromiter((note.total for note in WholeReading().read(tokenizer, texts)), dtype=np.int64)


def batches_by_length(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Yield rows in batches of similar length; a batch has at most ``batch_tokens`` tokens, padding included.

    A row longer than ``batch_tokens`` is a batch of its own.
    """
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: (lengths[row], row)):
        if batch and lengths[row] * (len(batch) + 1) > batch_tokens:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


class TokenizedNotes(Dataset[dict[str, Any]]):
    """Notes as token ids, optionally with the label columns of their codes.

    The ids are concatenated in one array, so 100,000 long notes take about a gigabyte.
    """

    def __init__(
        self, notes: Iterable[ReadNote], labels: Sequence[npt.NDArray[np.int64]] | None = None
    ) -> None:
        read = list(notes)
        self.lengths = np.array([len(note.ids) for note in read], dtype=np.int64)
        self._starts = np.concatenate([[0], np.cumsum(self.lengths)])
        self._ids = np.concatenate([note.ids for note in read]) if read else np.empty(0, dtype=np.int32)
        self._labels = labels
        if labels is not None and len(labels) != len(read):
            raise ValueError(f"got codes for {len(labels)} notes, expected {len(read)}")

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> dict[str, Any]:
        item: dict[str, Any] = {"input_ids": self._ids[self._starts[index] : self._starts[index + 1]]}
        if self._labels is not None:
            item["labels"] = self._labels[index]
        return item
