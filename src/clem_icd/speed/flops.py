"""The floating-point operations of a model's matrix products, attention included, by the length of a note.

A multiplication and an addition are two operations. Everything else (normalisation, activations, softmax,
embeddings) is left out, as is usual for such shares: it is little of the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModelForSequenceClassification, PreTrainedConfig, PreTrainedModel

from clem_icd.modeling import EncoderWithHead, Reading

_META = torch.device("meta")


class Products:
    """The products of a model, counted by PyTorch on a copy without weights.

    Parameters
    ----------
    config
        The model's config.
    reading
        How it reads a note.

    Attributes
    ----------
    model
        The model without weights.

    """

    def __init__(self, config: PreTrainedConfig, reading: Reading) -> None:
        with _META:
            model = AutoModelForSequenceClassification.from_config(config, attn_implementation="sdpa")
        self.model: PreTrainedModel = model.eval()
        self._reading = reading
        self._counted = lru_cache(maxsize=None)(self._count)

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return int(self.model.num_parameters())

    @property
    def encoder(self) -> PreTrainedConfig:
        """The config of the encoder."""
        config: Any = self.model.base_model.config
        return config  # type: ignore[no-any-return]

    def needed(self, lengths: Sequence[int]) -> int:
        """Return the operations that notes of some lengths need.

        They are without padding, and local layers stay in their window. Of a note that is longer than the
        model reads, only the part that is read counts.
        """
        return sum(
            self._counted(self._read(length)) - self._outside(self._read(length)) for length in lengths
        )

    def padded(self, lengths: Sequence[int]) -> int:
        """Return the operations for notes that are padded to the longest, with all pairs of tokens."""
        return len(lengths) * self._counted(self._read(max(lengths)))

    def _read(self, length: int) -> int:
        return min(length, self._reading.max_tokens)

    def _count(self, tokens: int) -> int:
        length = self._reading.longest_sequence if self._reading.in_pieces else tokens
        pieces = -(-tokens // length)
        ids = torch.zeros(pieces, length, dtype=torch.long, device=_META)
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            if isinstance(self.model, EncoderWithHead):
                vectors = self.model.encoder(input_ids=ids).last_hidden_state
                mask = torch.ones(1, pieces * length, dtype=torch.long, device=_META)
                self.model.head(vectors.reshape(1, pieces * length, -1), mask)
            else:
                self.model(input_ids=ids)
        return int(counter.get_total_flops())

    def _outside(self, tokens: int) -> int:
        """Return the operations for pairs of tokens outside of each other's window, which "sdpa" computes."""
        if self._reading.in_pieces or not self._local_layers:
            return 0
        encoder: Any = self.encoder
        reach: int = encoder.sliding_window
        near = min(reach, tokens - 1)
        # Each token sees itself and `near` on each side, less what lies beyond the ends of the note.
        pairs = tokens * (2 * near + 1) - near * (near + 1)
        # Two products, of queries with keys and of weights with values.
        return self._local_layers * 4 * int(encoder.hidden_size) * (tokens * tokens - pairs)

    @cached_property
    def _local_layers(self) -> int:
        """The number of layers that attend in a window."""
        kinds: Any = getattr(self.encoder, "layer_types", None) or ()
        return sum(kind == "sliding_attention" for kind in kinds)
