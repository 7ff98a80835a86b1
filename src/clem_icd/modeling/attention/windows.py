"""Attention within a window, computed block by block."""

from __future__ import annotations

import functools

import torch
from torch.nn import functional

_SMALLEST_BLOCK = 16  # tokens


def window_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    reach: int,
    *,
    scaling: float,
    mask: torch.Tensor | None = None,
    notes: torch.Tensor | None = None,
    dropout: float = 0.0,
) -> torch.Tensor:
    """Return what every token gathers from the tokens at most ``reach`` before and after it.

    Queries are cut into blocks, and each block is multiplied with the keys that its tokens can reach, so time
    and memory grow with the number of tokens, not with its square.

    Parameters
    ----------
    query, key, value
        [batch, heads, tokens, width].
    reach
        How many tokens away a key may be.
    scaling
        Factor of the products of queries and keys.
    mask
        Which tokens are real [batch, tokens]; None if all are. A token that reaches none gathers an average
        of whatever is near it, as with eager attention.
    notes
        The note of each token, if several follow each other [batch, tokens]. No token reaches another note.
    dropout
        Share of the weights that is dropped.

    Returns
    -------
    torch.Tensor
        [batch, heads, tokens, width].

    """
    batch, heads, tokens, width = query.shape
    block = max(reach, _SMALLEST_BLOCK)
    blocks = -(-tokens // block)
    queries = _padded(query * scaling, blocks * block).view(batch, heads, blocks, block, width)
    scores = torch.matmul(queries, _in_reach(key, reach, block))
    forbidden = ~_in_window(tokens, reach, block, query.device)
    if mask is not None:
        forbidden = forbidden | ~_in_reach(mask, reach, block)[:, None, :, None]
    if notes is not None:
        own = functional.pad(notes, (0, blocks * block - tokens)).view(batch, 1, blocks, block, 1)
        forbidden = forbidden | (own != _in_reach(notes, reach, block)[:, None, :, None])
    scores = scores.masked_fill_(forbidden, torch.finfo(scores.dtype).min)
    weights = _softmax(scores)
    weights = functional.dropout(weights, dropout, training=dropout > 0)
    gathered = torch.matmul(weights, _in_reach(value, reach, block).transpose(-1, -2))
    return gathered.view(batch, heads, blocks * block, width)[:, :, :tokens]


def short_window_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    reach: int,
    *,
    scaling: float,
    mask: torch.Tensor | None = None,
    dropout: float = 0.0,
) -> torch.Tensor:
    """Return what `window_attention` returns, from PyTorch's attention with a mask of pairs.

    For a few windows of tokens, all pairs cost less than cutting blocks.
    """
    allowed = _near(query.shape[2], reach, query.device)
    if mask is not None:
        # Padding may look anywhere: a token that may look nowhere would give NaN.
        allowed = (allowed & mask[:, None, None]) | ~mask[:, None, :, None]
    return functional.scaled_dot_product_attention(
        query, key, value, attn_mask=allowed, dropout_p=dropout, scale=scaling
    )


def _softmax(scores: torch.Tensor) -> torch.Tensor:
    """Return the weights of the last dimension, added up in single precision at least."""
    if scores.device.type == "cpu":
        # There, half precision is added up in single precision anyway, three times as fast.
        return functional.softmax(scores, dim=-1)
    precision = torch.promote_types(scores.dtype, torch.float32)
    return functional.softmax(scores, dim=-1, dtype=precision).to(scores.dtype)


@functools.lru_cache(maxsize=512)
def _near(tokens: int, reach: int, device: torch.device) -> torch.Tensor:
    """Return which tokens are in reach of each other [1, 1, tokens, tokens]."""
    places = torch.arange(tokens, device=device)
    return ((places[:, None] - places).abs() <= reach)[None, None]


def _padded(tensor: torch.Tensor, tokens: int) -> torch.Tensor:
    """Return a tensor [batch, heads, tokens, width] with zeros up to a number of tokens."""
    return functional.pad(tensor, (0, 0, 0, tokens - tensor.shape[2])).contiguous()


def _in_reach(tensor: torch.Tensor, reach: int, block: int) -> torch.Tensor:
    """Return, for every block, what its tokens can reach: a view of a padded copy.

    From [batch, tokens] to [batch, blocks, reached], from [batch, heads, tokens, width] to [batch, heads,
    blocks, width, reached]. Beyond the ends there are zeros.
    """
    dimension = 1 if tensor.ndim == 2 else 2
    tokens = tensor.shape[dimension]
    after = -tokens % block + reach
    padding = (reach, after) if tensor.ndim == 2 else (0, 0, reach, after)
    return functional.pad(tensor, padding).unfold(dimension, block + 2 * reach, block)


@functools.lru_cache(maxsize=32)
def _in_window(tokens: int, reach: int, block: int, device: torch.device) -> torch.Tensor:
    """Return which reached tokens exist and are in the window of a query [1, 1, blocks, block, reached]."""
    blocks = -(-tokens // block)
    begins = torch.arange(blocks, device=device)[:, None, None] * block
    queries = begins + torch.arange(block, device=device)[:, None]
    keys = begins - reach + torch.arange(block + 2 * reach, device=device)
    allowed = ((queries - keys).abs() <= reach) & (keys >= 0) & (keys < tokens)
    return allowed[None, None]
