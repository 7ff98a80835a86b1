"""Registration of the attention with transformers, by its public interfaces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional
from transformers import AttentionInterface, AttentionMaskInterface

from clem_icd.modeling.attention.windows import window_attention

BLOCK_LOCAL = "block_local"
"""The name of the attention implementation."""


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    sliding_window: int | None = None,
    note_lengths: Sequence[int] | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """Return what every token gathers [batch, tokens, heads, width], and no weights.

    Parameters
    ----------
    module
        The attention layer of an encoder.
    query, key, value
        [batch, heads, tokens, width].
    attention_mask
        The result of `padding_mask`, or any mask that adds to or selects from all pairs of tokens.
    sliding_window
        One more than the reach of a token, as in FlashAttention; None if it reaches all.
    note_lengths
        The lengths of several notes that follow each other in a batch of one.

    Raises
    ------
    ValueError
        If the layer is causal, or its window comes with a mask of pairs.

    """
    if getattr(module, "is_causal", False) or others.get("is_causal"):
        raise ValueError(f"{BLOCK_LOCAL} attention is for encoders; {type(module).__name__} is causal")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    if sliding_window is None:
        gathered = _attend_to_all(query, key, value, attention_mask, note_lengths, scale, dropout)
    else:
        if attention_mask is not None and attention_mask.ndim != 2:
            raise ValueError(f"{BLOCK_LOCAL} attention makes its own windows; the mask has them too")
        gathered = window_attention(
            query,
            key,
            value,
            sliding_window - 1,
            scaling=scale,
            mask=attention_mask,
            notes=None if note_lengths is None else _notes(note_lengths, query.device),
            dropout=dropout,
        )
    return gathered.transpose(1, 2).contiguous(), None


def padding_mask(*, attention_mask: torch.Tensor | None = None, **_: Any) -> torch.Tensor | None:
    """Return which tokens are real [batch, tokens], as booleans; None if all are."""
    if attention_mask is None or bool(attention_mask.all()):
        return None
    return attention_mask.bool()


def _attend_to_all(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    note_lengths: Sequence[int] | None,
    scale: float,
    dropout: float,
) -> torch.Tensor:
    if note_lengths is None:
        # The same keys for all queries, so that no mask of pairs is made.
        pairs = mask[:, None, None] if mask is not None and mask.ndim == 2 else mask
        return functional.scaled_dot_product_attention(
            query, key, value, attn_mask=pairs, dropout_p=dropout, scale=scale
        )
    queries, keys, values = (torch.split(part, list(note_lengths), dim=2) for part in (query, key, value))
    return torch.cat(
        [
            functional.scaled_dot_product_attention(own, near, far, dropout_p=dropout, scale=scale)
            for own, near, far in zip(queries, keys, values, strict=True)
        ],
        dim=2,
    )


def _notes(lengths: Sequence[int], device: torch.device) -> torch.Tensor:
    """Return the note of each token, from 1 [1, tokens]: padding is 0."""
    counts = torch.tensor(lengths, device=device)
    return torch.arange(1, len(counts) + 1, device=device).repeat_interleave(counts)[None]


AttentionInterface.register(BLOCK_LOCAL, attend)
AttentionMaskInterface.register(BLOCK_LOCAL, padding_mask)
