"""The attention of every layer of an encoder, as the mean of its heads.

An attention of our own, registered with transformers, keeps one matrix per layer. The ``output_attentions``
of transformers would keep all heads, twelve times as much.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

import torch
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import repeat_kv
from transformers.masking_utils import eager_mask

from clem_icd.errors import ModelError

_RECORDED = "eager_recorded"
_maps: ContextVar[list[torch.Tensor]] = ContextVar("_maps")


@contextmanager
def recorded_attention(model: PreTrainedModel) -> Iterator[list[torch.Tensor]]:
    """Within the block, a model records its attention in a list.

    A forward pass adds a matrix per layer, from the first layer to the last [pieces, tokens, tokens].

    Parameters
    ----------
    model
        A `frozen_twin`, of which no other thread makes use.

    Raises
    ------
    ModelError
        If not every layer of the encoder has recorded its attention.

    """
    config = cast(PreTrainedModel, model.base_model).config
    config._attn_implementation = _RECORDED
    maps: list[torch.Tensor] = []
    token = _maps.set(maps)
    try:
        yield maps
    finally:
        _maps.reset(token)
    if len(maps) != config.num_hidden_layers:
        raise ModelError(
            f"{len(maps)} of the {config.num_hidden_layers} layers of {config.model_type} show attention",
            remedy="Choose a method that needs no attention",
        )


def _attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """Return what every token gathers [batch, tokens, heads, width], and record the mean of the heads."""
    if unknown := [name for name in ("position_bias", "softcap", "s_aux") if others.get(name) is not None]:
        raise ModelError(
            f"the attention of {type(module).__name__} has {', '.join(unknown)}, which cannot be recorded",
            remedy="Choose a method that needs no attention",
        )
    heads = query.shape[1]
    key, value = (repeat_kv(states, heads // states.shape[1]) for states in (key, value))
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    mean = query.new_zeros(len(query), query.shape[2], key.shape[2], dtype=torch.float32)
    gathered = []
    # Head by head, so that only a few matrices are in memory.
    for head in range(heads):
        scores = query[:, head] @ key[:, head].transpose(-1, -2) * scaling
        if attention_mask is not None:
            scores = scores + attention_mask[:, 0]
        weights = scores.softmax(dim=-1, dtype=torch.float32)
        mean += weights / heads
        gathered.append(weights.to(value.dtype) @ value[:, head])
    _maps.get().append(mean)
    return torch.stack(gathered, dim=2), None


AttentionInterface.register(_RECORDED, _attend)
AttentionMaskInterface.register(_RECORDED, eager_mask)
