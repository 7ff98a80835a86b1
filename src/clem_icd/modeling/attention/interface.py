"""Registration of the attention with transformers, by its public interfaces."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from clem_icd.modeling.attention.all_pairs import all_pairs_attention, multiplies_here
from clem_icd.modeling.attention.windows import short_window_attention, window_attention

States = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Query, key and value."""

# Up to this many windows of tokens, all pairs are faster than blocks (`benchmarks/reading.py`).
_FEW_WINDOWS = 4

BLOCK_LOCAL = "sdpa_block_local"
"""The name of the attention implementation.

It contains "sdpa" so that transformers refuses the models that do not support "sdpa".
"""


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

    Without a window, with a mask of pairs, and in causal layers, it is what "sdpa" returns.

    Parameters
    ----------
    module
        The attention layer of an encoder.
    query, key, value
        [batch, heads, tokens, width]; several heads may share one of the keys and values.
    attention_mask
        The result of `padding_mask`, or any mask that adds to or selects from all pairs of tokens.
    sliding_window
        One more than the reach of a token, as in FlashAttention; None if it reaches all.
    note_lengths
        The lengths of several notes that follow each other in a batch of one.

    Raises
    ------
    ValueError
        If ``note_lengths`` comes with a mask or a causal layer, or a window with a bias or cap of scores.

    """
    causal = _is_causal(module, others)
    if note_lengths is not None and (causal or attention_mask is not None):
        found = "is causal" if causal else "has a mask"
        raise ValueError(
            f"notes that follow each other need an encoder without a mask; {type(module).__name__} {found}"
        )
    by_token = attention_mask is None or attention_mask.ndim == 2
    # A window that holds all tokens forbids nothing.
    if sliding_window is not None and query.shape[2] > sliding_window and by_token and not causal:
        _require_plain_scores(others)
        shared = query.shape[1] // key.shape[1]
        states = query, repeat_kv(key, shared), repeat_kv(value, shared)
        scale = query.shape[-1] ** -0.5 if scaling is None else scaling
        gathered = _in_window(states, sliding_window - 1, attention_mask, note_lengths, scale, dropout)
        return gathered.transpose(1, 2).contiguous(), None
    options = {"dropout": dropout, "scaling": scaling, **others}
    to_all: Any = functools.partial(sdpa_attention_forward, module, **options)
    if attention_mask is None and not causal and multiplies_here(query, dropout) and not _extras(others):
        to_all = functools.partial(_to_all_pairs, scaling=scaling)
    if note_lengths is not None:
        notes = _split((query, key, value), note_lengths)
        return torch.cat([to_all(*note, None)[0] for note in notes], dim=1), None
    if attention_mask is not None and by_token:
        # The same keys for all queries, so that no mask of pairs is made.
        attention_mask = attention_mask[:, None, None]
    return to_all(query, key, value, attention_mask)[0], None


def padding_mask(
    *, attention_mask: torch.Tensor | None = None, allow_is_bidirectional_skip: bool = False, **others: Any
) -> torch.Tensor | None:
    """Return which tokens are real [batch, tokens], as booleans; None if all are.

    Causal and other masks of pairs are those of "sdpa".
    """
    # True only for the masks of encoders that forbid nothing but padding and what is beyond a window.
    if not allow_is_bidirectional_skip:
        mask: torch.Tensor | None = sdpa_mask(attention_mask=attention_mask, **others)
        return mask
    if attention_mask is None or bool(attention_mask.all()):
        return None
    return attention_mask.bool()


def _in_window(
    states: States,
    reach: int,
    mask: torch.Tensor | None,
    note_lengths: Sequence[int] | None,
    scaling: float,
    dropout: float,
) -> torch.Tensor:
    longest = states[0].shape[2] if note_lengths is None else max(note_lengths)
    if longest > _FEW_WINDOWS * (reach + 1):
        notes = None if note_lengths is None else _notes(note_lengths, states[0].device)
        return window_attention(*states, reach, scaling=scaling, mask=mask, notes=notes, dropout=dropout)
    if note_lengths is None:
        return short_window_attention(*states, reach, scaling=scaling, mask=mask, dropout=dropout)
    gathered = [
        short_window_attention(*note, reach, scaling=scaling, dropout=dropout)
        for note in _split(states, note_lengths)
    ]
    return torch.cat(gathered, dim=2)


def _to_all_pairs(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, _mask: None, *, scaling: float | None
) -> tuple[torch.Tensor, None]:
    """Return what "sdpa" returns for bf16 on a CPU [batch, tokens, heads, width]."""
    shared = query.shape[1] // key.shape[1]
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    gathered = all_pairs_attention(query, repeat_kv(key, shared), repeat_kv(value, shared), scaling=scale)
    return gathered.transpose(1, 2).contiguous(), None


def _split(states: States, note_lengths: Sequence[int]) -> Iterator[States]:
    """Return the states of each note, of notes that follow each other."""
    query, key, value = (torch.split(part, list(note_lengths), dim=2) for part in states)
    return zip(query, key, value, strict=True)


def _is_causal(module: torch.nn.Module, others: dict[str, Any]) -> bool:
    """Return whether "sdpa" would forbid a layer without a mask to look ahead."""
    asked = others.get("is_causal")
    return bool(getattr(module, "is_causal", True) if asked is None else asked)


def _require_plain_scores(others: dict[str, Any]) -> None:
    if found := _extras(others):
        raise ValueError(f"{BLOCK_LOCAL} attention in a window has no {', '.join(found)}")


def _extras(others: dict[str, Any]) -> list[str]:
    """Return what changes the scores of some encoders."""
    return [name for name in ("position_bias", "softcap", "s_aux") if others.get(name) is not None]


def _notes(lengths: Sequence[int], device: torch.device) -> torch.Tensor:
    """Return the note of each token, from 1 [1, tokens]: padding is 0."""
    counts = torch.tensor(lengths, device=device)
    return torch.arange(1, len(counts) + 1, device=device).repeat_interleave(counts)[None]


AttentionInterface.register(BLOCK_LOCAL, attend)
AttentionMaskInterface.register(BLOCK_LOCAL, padding_mask)
