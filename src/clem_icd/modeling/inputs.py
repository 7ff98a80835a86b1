"""Texts as token ids: held flat, cut at the encoder's context, padded batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerBase

_TEXTS_AT_ONCE = 256


class Tokens(NamedTuple):
    """The token ids of a text that the encoder reads, and how many there are in all of it."""

    ids: npt.NDArray[np.int32]
    total: int


def tokenize(
    tokenizer: PreTrainedTokenizerBase, texts: Iterable[str], max_tokens: int | None = None
) -> Iterator[Tokens]:
    """Yield the tokens of every text, special ones included, cut to ``max_tokens``."""
    remaining = iter(texts)
    while chunk := list(islice(remaining, _TEXTS_AT_ONCE)):
        encoded = tokenizer(
            chunk, return_attention_mask=False, return_token_type_ids=False, truncation=False, verbose=False
        )
        for ids in encoded["input_ids"]:
            yield _cut(np.asarray(ids, dtype=np.int32), max_tokens)


def count_tokens(tokenizer: PreTrainedTokenizerBase, texts: Iterable[str]) -> npt.NDArray[np.int64]:
    """Return the number of tokens of every text, special ones included and nothing cut [texts]."""
    return np.fromiter((tokens.total for tokens in tokenize(tokenizer, texts)), dtype=np.int64)


def batches_by_length(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Yield rows in batches of similar length, each of at most ``batch_tokens`` with its padding."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: (lengths[row], row)):
        if batch and lengths[row] * (len(batch) + 1) > batch_tokens:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _cut(ids: npt.NDArray[np.int32], max_tokens: int | None) -> Tokens:
    if max_tokens is None or len(ids) <= max_tokens:
        return Tokens(ids, len(ids))
    # The closing special token stays last, as tokenizers do when they truncate.
    return Tokens(np.append(ids[: max_tokens - 1], ids[-1]), len(ids))


class TokenizedNotes(Dataset[dict[str, Any]]):
    """Notes as token ids, with the columns of their codes where they have been coded.

    The ids lie end to end in one array, so that 100,000 long notes take about a gigabyte.
    """

    def __init__(
        self, tokens: Iterable[Tokens], labels: Sequence[npt.NDArray[np.int64]] | None = None
    ) -> None:
        notes = list(tokens)
        self.lengths = np.array([len(note.ids) for note in notes], dtype=np.int64)
        self.truncated = sum(note.total > len(note.ids) for note in notes)
        self._starts = np.concatenate([[0], np.cumsum(self.lengths)])
        self._ids = np.concatenate([note.ids for note in notes]) if notes else np.empty(0, dtype=np.int32)
        self._labels = labels
        if labels is not None and len(labels) != len(notes):
            raise ValueError(f"{len(notes)} notes, but the codes of {len(labels)}")

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> dict[str, Any]:
        item: dict[str, Any] = {"input_ids": self._ids[self._starts[index] : self._starts[index + 1]]}
        if self._labels is not None:
            item["labels"] = self._labels[index]
        return item


class Collator:
    """Makes a batch: ids padded on the right, a mask, and the codes as 0/1 [batch, labels]."""

    def __init__(self, pad_token_id: int, labels: int = 0) -> None:
        self._pad = pad_token_id
        self._labels = labels

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Return the batch of some items of `TokenizedNotes`."""
        longest = max(len(item["input_ids"]) for item in items)
        ids = torch.full((len(items), longest), self._pad, dtype=torch.long)
        mask = torch.zeros((len(items), longest), dtype=torch.long)
        for row, item in enumerate(items):
            length = len(item["input_ids"])
            ids[row, :length] = torch.from_numpy(item["input_ids"].astype(np.int64))
            mask[row, :length] = 1
        batch = {"input_ids": ids, "attention_mask": mask}
        if "labels" in items[0]:
            targets = torch.zeros((len(items), self._labels))
            for row, item in enumerate(items):
                targets[row, torch.from_numpy(item["labels"])] = 1.0
            batch["labels"] = targets
        return batch
