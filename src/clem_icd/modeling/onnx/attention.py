"""Attention as a graph can hold it: for any number of notes and tokens, with nothing that depends on values.

`BLOCK_LOCAL` chooses its way by the length of the notes and looks whether anything is padded. A graph is
traced once, so here every layer goes one way. Layers over all pairs of tokens, and label heads, become
onnxruntime's own operator, which computes a block of pairs at a time: a note of 8,192 tokens has 3.2 GB of
pairs in each layer of ModernBERT-base.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from transformers import AttentionInterface, AttentionMaskInterface

IN_GRAPH = "sdpa_in_graph"
"""The name of the attention implementation, in the manner of `BLOCK_LOCAL`."""

_SMALLEST_BLOCK = 16  # tokens

# Added to the score of a padding token. Its weight is then exactly 0, and a row of nothing but padding is
# finite, which it would not be with -inf.
_FORBIDDEN = -1e9


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    scaling: float | None = None,
    sliding_window: int | None = None,
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
        Which tokens are real [batch, tokens].
    sliding_window
        One more than the reach of a token; None if it reaches all.

    Raises
    ------
    ValueError
        If the layer is causal, shares keys between heads, or changes its scores.

    """
    _require_plain(module, query, key, others)
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    if sliding_window is None:
        mask = attention_mask[:, None, None]
        gathered = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scale)
    else:
        gathered = _in_window(query * scale, key, value, sliding_window - 1, attention_mask)
    return gathered.transpose(1, 2).contiguous(), None


def padding_mask(*, attention_mask: torch.Tensor, **_: Any) -> torch.Tensor:
    """Return which tokens are real [batch, tokens], as booleans."""
    return attention_mask.bool()


class OnnxruntimeAttention(TorchFunctionMode):
    """Inside the block, PyTorch's attention with a mask of keys is exported as onnxruntime's operator.

    The operator takes a block of pairs at a time only if it is given no mask. So queries and keys get one
    more component: 1 for each query, 0 for a real key and a large negative number for padding. Their product
    is what a mask would add.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Replace the attention, and leave every other function as it is."""
        given = kwargs or {}
        if torch.onnx.is_in_onnx_export() and func is functional.scaled_dot_product_attention:
            return _operator(*args, **given)
        return func(*args, **given)


def _operator(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    *,
    attn_mask: torch.Tensor,
    scale: float,
) -> torch.Tensor:
    """Return what every query gathers [batch, heads, queries, width].

    Parameters
    ----------
    query, key, value
        [batch, heads, queries or keys, width].
    attn_mask
        Which keys may be gathered [batch, 1, 1, keys].
    scale
        Factor of the products.

    """
    batch, heads, queries, _ = query.shape
    added = torch.where(attn_mask, 0.0, _FORBIDDEN).transpose(2, 3).expand(batch, heads, key.shape[2], 1)
    longer_key = torch.cat([key, added], dim=-1)
    longer_query = torch.cat([query, query.new_ones(batch, heads, queries, 1)], dim=-1)
    gathered = torch.onnx.ops.symbolic(
        "com.microsoft::MultiHeadAttention",
        [part.transpose(1, 2).flatten(2) for part in (longer_query, longer_key, value)],
        {"num_heads": heads, "scale": float(scale)},
        dtype=query.dtype,
        shape=(batch, queries, heads * value.shape[-1]),
        version=1,
    )
    return gathered.reshape(batch, queries, heads, value.shape[-1]).transpose(1, 2)


def _in_window(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, reach: int, mask: torch.Tensor
) -> torch.Tensor:
    """Return what every token gathers from the tokens at most ``reach`` before and after it.

    Queries are cut into blocks that are at least as long as the reach, and a block sees itself and its two
    neighbours. The arguments are those of `window_attention`, with scaled queries.
    """
    batch, heads, tokens, width = query.shape
    block = max(reach, _SMALLEST_BLOCK)
    blocks = (tokens + block - 1) // block
    rest = blocks * block - tokens
    queries = functional.pad(query, (0, 0, 0, rest)).reshape(batch, heads, blocks, block, width)

    def with_neighbours(states: torch.Tensor) -> torch.Tensor:
        padded = functional.pad(states, (0, 0, block, rest + block))
        parts = padded.reshape(batch, heads, blocks + 2, block, states.shape[-1])
        return torch.cat([parts[:, :, :-2], parts[:, :, 1:-1], parts[:, :, 2:]], dim=3)

    padded = functional.pad(mask, (block, rest + block)).reshape(batch, blocks + 2, block)
    real = torch.cat([padded[:, :-2], padded[:, 1:-1], padded[:, 2:]], dim=2)
    own, reached = torch.arange(block, device=query.device), torch.arange(3 * block, device=query.device)
    near = (own[:, None] + block - reached).abs() <= reach
    scores = torch.matmul(queries, with_neighbours(key).transpose(-1, -2))
    scores = scores.masked_fill(~(near & real[:, None, :, None]), _FORBIDDEN)
    gathered = torch.matmul(scores.softmax(dim=-1), with_neighbours(value))
    return gathered.reshape(batch, heads, blocks * block, width)[:, :, :tokens]


def _require_plain(
    module: torch.nn.Module, query: torch.Tensor, key: torch.Tensor, others: dict[str, Any]
) -> None:
    asked = others.get("is_causal")
    found = [name for name in ("position_bias", "softcap", "s_aux") if others.get(name) is not None]
    if bool(getattr(module, "is_causal", True) if asked is None else asked):
        found.append("a causal mask")
    if query.shape[1] != key.shape[1]:
        found.append("keys that heads share")
    if found:
        raise ValueError(f"{type(module).__name__} has {', '.join(found)}")


AttentionInterface.register(IN_GRAPH, attend)
AttentionMaskInterface.register(IN_GRAPH, padding_mask)
