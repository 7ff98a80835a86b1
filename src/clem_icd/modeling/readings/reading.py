"""The interface of readings: tokenizing, truncating and collating notes for an encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from transformers import PreTrainedTokenizerBase

from clem_icd.errors import ModelError
from clem_icd.fields import Choice

_TEXTS_AT_ONCE = 256

Item = dict[str, Any]
Batch = dict[str, torch.Tensor]


class ReadNote(NamedTuple):
    """The part of a note that is read.

    Attributes
    ----------
    ids
        Token ids, special tokens included [tokens read].
    total
        Number of tokens that the whole note has in this reading, special tokens included.
    offsets
        Begin and end of each token in the raw text, half-open, in characters; (0, 0) for a special token
        [tokens read, 2]. None unless requested.

    """

    ids: npt.NDArray[np.int32]
    total: int
    offsets: npt.NDArray[np.int64] | None = None

    @property
    def truncated(self) -> bool:
        """Whether part of the note is not read."""
        return self.total > len(self.ids)

    def end_in(self, text: str) -> int:
        """Return the end of the part of the text that is read, in characters; its own end if all is read.

        Parameters
        ----------
        text
            The raw note that was read with offsets.

        """
        if not self.truncated or self.offsets is None:
            return len(text)
        return int(self.offsets[:, 1].max(initial=0))


class Reading(Choice):
    """How much of a note is read, and in which pieces it is passed to the encoder.

    Attributes
    ----------
    max_tokens
        The most tokens of a note that are read, special tokens included.

    """

    max_tokens: int = Field(default=8192, ge=8)

    @property
    def longest_sequence(self) -> int:
        """The longest sequence passed to the encoder, in tokens."""
        return self.max_tokens

    @property
    def in_pieces(self) -> bool:
        """Whether a note reaches the encoder as pieces [notes, pieces, length], even if there is only one."""
        return self.longest_sequence != self.max_tokens

    @property
    def longest_sequence_field(self) -> str:
        """The name of the field that determines `longest_sequence`, for error messages."""
        return "max_tokens"

    def read(
        self, tokenizer: PreTrainedTokenizerBase, texts: Iterable[str], *, offsets: bool = False
    ) -> Iterator[ReadNote]:
        """Yield the part of every text that is read, in order, with a bounded number of texts in memory.

        Parameters
        ----------
        tokenizer
            The encoder's tokenizer.
        texts
            Raw notes.
        offsets
            Whether to return the position of each token in the text.

        Raises
        ------
        ModelError
            If offsets are requested and the tokenizer does not provide them.

        """
        if offsets and not tokenizer.is_fast:
            raise ModelError(
                "the tokenizer does not provide the positions of its tokens in the text",
                remedy="Use a fast tokenizer, one with a tokenizer.json",
            )
        remaining = iter(texts)
        while chunk := list(islice(remaining, _TEXTS_AT_ONCE)):
            encoded = tokenizer(
                chunk,
                return_attention_mask=False,
                return_token_type_ids=False,
                return_offsets_mapping=offsets,
                truncation=False,
                verbose=False,
            )
            mappings = encoded["offset_mapping"] if offsets else [None] * len(chunk)
            for ids, mapping in zip(encoded["input_ids"], mappings, strict=True):
                yield self._cut(np.asarray(ids, dtype=np.int32), mapping)

    def kept(self, tokens: int) -> npt.NDArray[np.int64]:
        """Return the indices of the tokens of a note that are read, in order [tokens read].

        The default is that of tokenizers when they truncate: the first ``max_tokens - 1`` tokens and the
        closing special token.

        Parameters
        ----------
        tokens
            The number of tokens of the note, special tokens included.

        """
        if tokens <= self.max_tokens:
            return np.arange(tokens)
        return np.append(np.arange(self.max_tokens - 1), tokens - 1)

    def total(self, tokens: int) -> int:
        """Return the number of tokens that a note has in this reading if all of it is read.

        Parameters
        ----------
        tokens
            The number of tokens of the note, special tokens included.

        """
        return tokens

    def collator(self, pad_token_id: int, labels: int = 0) -> Callable[[Sequence[Item]], Batch]:
        """Return a function that makes a batch of items of `TokenizedNotes`.

        A batch has ``input_ids`` and ``attention_mask`` in the shape that `arrange` gives them and, if the
        items have labels, ``labels`` as 0/1 [batch, labels].
        """

        def collate(items: Sequence[Item]) -> Batch:
            batch = self.arrange([item["input_ids"] for item in items], pad_token_id)
            if "labels" in items[0]:
                targets = torch.zeros((len(items), labels))
                for row, item in enumerate(items):
                    targets[row, torch.from_numpy(item["labels"])] = 1.0
                batch["labels"] = targets
            return batch

        return collate

    def arrange(self, notes: Sequence[npt.NDArray[np.int32]], pad_token_id: int) -> Batch:
        """Return the ids of several notes, padded on the right, and their mask [batch, longest].

        A reading in pieces returns [batch, pieces, length]. Where the mask is 1 stand the tokens of the note,
        each once and in order, so that what is computed per token can be put back into the text.
        """
        longest = max(len(ids) for ids in notes)
        padded = torch.full((len(notes), longest), pad_token_id, dtype=torch.long)
        mask = torch.zeros((len(notes), longest), dtype=torch.long)
        for row, ids in enumerate(notes):
            padded[row, : len(ids)] = torch.from_numpy(ids.astype(np.int64))
            mask[row, : len(ids)] = 1
        return {"input_ids": padded, "attention_mask": mask}

    @property
    def note_tokens(self) -> int:
        """The most tokens of a note that are read, as its tokenizer counts them, special tokens included."""
        return self.max_tokens

    def pieces(
        self, ids: torch.Tensor, mask: torch.Tensor, pad_token_id: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return notes in the shape that the model takes, by operations that do not depend on their values.

        It is what `arrange` returns for notes that `kept` has read, but can be a part of a graph.

        Parameters
        ----------
        ids, mask
            Token ids, cut to `note_tokens` and padded on the right, and 0 for padding [notes, tokens].
        pad_token_id
            The id of padding, which some heads read.

        Raises
        ------
        ModelError
            If the reading is in pieces and cannot make them.

        """
        if self.in_pieces:
            raise ModelError(
                f"the reading {self.kind} cannot be a part of a graph", remedy="Code notes with `clem code`"
            )
        return ids, mask

    def _cut(self, ids: npt.NDArray[np.int32], mapping: Any) -> ReadNote:
        kept = self.kept(len(ids))
        offsets = None if mapping is None else np.array(mapping, dtype=np.int64).reshape(-1, 2)[kept]
        return ReadNote(ids[kept], self.total(len(ids)), offsets)
