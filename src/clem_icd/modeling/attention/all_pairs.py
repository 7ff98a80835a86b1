"""Attention over all pairs of tokens in bf16 on a CPU, computed a block of queries at a time."""

from __future__ import annotations

import torch

_BLOCK = 128  # queries

# So many scores, 2 bytes each, stay in the caches of a core or two.
_SCORES = 1 << 20


def multiplies_here(query: torch.Tensor, dropout: float) -> bool:
    """Return whether `all_pairs_attention` is made for these queries: bf16 on a CPU, without gradients."""
    recorded = torch.is_grad_enabled() and query.requires_grad
    return query.device.type == "cpu" and query.dtype == torch.bfloat16 and not recorded and dropout == 0


def all_pairs_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *, scaling: float
) -> torch.Tensor:
    """Return what every token gathers from all tokens.

    PyTorch's own attention takes as long in bf16 as in single precision on processors with AVX-512 alone;
    oneDNN's products of whole blocks are two to three times as fast. A score is rounded to bf16, and the
    softmax is computed in single precision.

    Parameters
    ----------
    query, key, value
        In bf16 [batch, heads, tokens, width].
    scaling
        Factor of the products of queries and keys.

    Returns
    -------
    torch.Tensor
        [batch, heads, tokens, width].

    """
    shape, tokens = query.shape, query.shape[2]
    # Otherwise they would be copied for every block.
    queries, keys, values = (part.flatten(0, 1).contiguous() for part in (query * scaling, key, value))
    gathered = torch.empty_like(queries)
    block = min(tokens, _BLOCK)
    at_once = max(1, _SCORES // (block * max(tokens, 1)))
    for first in range(0, len(queries), at_once):
        heads = slice(first, first + at_once)
        transposed = keys[heads].transpose(1, 2)
        for begin in range(0, tokens, block):
            rows = slice(begin, begin + block)
            weights = torch.bmm(queries[heads, rows], transposed).softmax(dim=-1)
            gathered[heads, rows] = torch.bmm(weights, values[heads])
    return gathered.view(shape)
