"""Reading a note in segments that are encoded separately, as encoders with a short context need it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field, model_validator
from torch.nn import functional

from clem_icd.modeling.readings.reading import Batch, Reading


class SegmentsReading(Reading):
    """Consecutive segments of equal length; no token sees another segment.

    Attributes
    ----------
    segment_tokens
        The length of a segment: 128 in PLM-ICD (Huang et al. 2022), 512 in BL-5 (Liu et al. 2022).
    special_tokens
        ``note``: one opening and one closing token around the whole note, as in PLM-CA (Edin et al. 2024).
        ``segment``: around each segment, which the length includes, as in BL-5.

    """

    kind: Literal["segments"] = "segments"
    segment_tokens: int = Field(default=128, ge=8)
    special_tokens: Literal["note", "segment"] = "note"

    @property
    def longest_sequence(self) -> int:
        """The length of a segment, in tokens."""
        return self.segment_tokens

    @property
    def in_pieces(self) -> bool:
        """Whether a note reaches the encoder in pieces: always, even if one holds the whole note."""
        return True

    @property
    def longest_sequence_field(self) -> str:
        """The name of the field that determines `longest_sequence`."""
        return "segment_tokens"

    def kept(self, tokens: int) -> npt.NDArray[np.int64]:
        """Return the indices of the tokens of a note that are read, in order [tokens read].

        With special tokens around each segment, the first and the last token of the note are repeated.
        """
        if self.special_tokens == "note":
            return super().kept(tokens)
        segments = min(self._segments(tokens), self.max_tokens // self.segment_tokens)
        inner = np.arange(1, tokens - 1)
        parts = [inner[segment * self._content :][: self._content] for segment in range(segments)]
        return np.concatenate([np.concatenate([[0], part, [tokens - 1]]) for part in parts])

    def total(self, tokens: int) -> int:
        """Return the number of tokens that a note has in this reading if all of it is read."""
        return tokens if self.special_tokens == "note" else tokens - 2 + 2 * self._segments(tokens)

    def arrange(self, notes: Sequence[npt.NDArray[np.int32]], pad_token_id: int) -> Batch:
        """Return the ids and the mask of several notes [batch, segments, length], padded on the right."""
        segments = -(-max(len(ids) for ids in notes) // self.segment_tokens)
        shape = (len(notes), segments * self.segment_tokens)
        padded = torch.full(shape, pad_token_id, dtype=torch.long)
        mask = torch.zeros(shape, dtype=torch.long)
        for row, ids in enumerate(notes):
            padded[row, : len(ids)] = torch.from_numpy(ids.astype(np.int64))
            mask[row, : len(ids)] = 1
        arranged = (len(notes), segments, self.segment_tokens)
        return {"input_ids": padded.reshape(arranged), "attention_mask": mask.reshape(arranged)}

    @property
    def note_tokens(self) -> int:
        """The most tokens of a note that are read, as its tokenizer counts them, special tokens included."""
        if self.special_tokens == "note":
            return self.max_tokens
        return self.max_tokens // self.segment_tokens * self._content + 2

    def pieces(
        self, ids: torch.Tensor, mask: torch.Tensor, pad_token_id: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the ids and the mask of notes [notes, segments, length]; a note has at least three tokens.

        The last segments may be nothing but padding.
        """
        notes, tokens = ids.shape
        length = self.segment_tokens
        if self.special_tokens == "segment":
            segments = (tokens - 2 + self._content - 1) // self._content
            places = torch.arange(segments * length, device=ids.device)
            ids, mask = self._with_special_tokens(ids, mask, places)
            ids = torch.where(mask != 0, ids, pad_token_id)
        else:
            segments = (tokens + length - 1) // length
            rest = segments * length - tokens
            ids, mask = functional.pad(ids, (0, rest), value=pad_token_id), functional.pad(mask, (0, rest))
        return ids.reshape(notes, segments, length), mask.reshape(notes, segments, length)

    def _with_special_tokens(
        self, ids: torch.Tensor, mask: torch.Tensor, places: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the ids and the mask at some places of the segments of notes [notes, places]."""
        count = mask.sum(dim=1, keepdim=True)
        segment, inside = places // self.segment_tokens, places % self.segment_tokens
        begin = segment * self._content
        # The tokens of each segment between its special tokens [notes, places].
        content = (count - 2 - begin).clamp(0, self._content)
        source = torch.where(inside == 0, 0, begin + inside).clamp(max=ids.shape[1] - 1)
        closing = ids.gather(1, count - 1)
        arranged = torch.where(inside == content + 1, closing, ids[:, source])
        return arranged, ((content > 0) & (inside <= content + 1)).to(mask)

    @property
    def _content(self) -> int:
        """The most tokens of a segment between its special tokens."""
        return self.segment_tokens - 2

    def _segments(self, tokens: int) -> int:
        """Return how many segments with special tokens a note fills; at least one."""
        return max(1, -(-(tokens - 2) // self._content))

    @model_validator(mode="after")
    def _require_whole_segments(self) -> Self:
        if self.max_tokens < self.segment_tokens:
            raise ValueError(
                f"max_tokens is {self.max_tokens}, less than one segment of {self.segment_tokens} tokens"
            )
        if self.special_tokens == "segment" and self.max_tokens % self.segment_tokens:
            raise ValueError(
                f"max_tokens is {self.max_tokens}, expected a multiple of the {self.segment_tokens} tokens "
                "of a segment"
            )
        return self
