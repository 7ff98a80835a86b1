"""Logits of a note of which some tokens are masked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt
import torch
from transformers import PreTrainedTokenizerBase

from clem_icd.modeling.neural import NeuralSystem

Tokens = npt.NDArray[np.int64]
"""Places of tokens among those that were read [tokens]."""


def mask_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the token that stands for a missing one: the mask token, else the unknown one, else padding.

    Padding is the last choice, because some encoders give it no position.
    """
    found = (tokenizer.mask_token_id, tokenizer.unk_token_id, tokenizer.pad_token_id)
    return next(int(token) for token in found if token is not None)


def masked_logits(
    system: NeuralSystem, ids: npt.NDArray[np.int32], masked: Iterable[Tokens], labels: Sequence[int]
) -> npt.NDArray[np.float32]:
    """Return the logits of some labels for variants of a note [variants, labels].

    All variants have the length of the note, so a batch needs no padding. It has at most ``batch_tokens`` of
    the system, or one variant, and only one batch is in memory.

    Parameters
    ----------
    system
        The system that scores the note.
    ids
        The token ids of the note [tokens read].
    masked
        The tokens that are replaced by `mask_id`, for each variant [variants].
    labels
        Positions in the label space [labels].

    """
    mask = mask_id(system.tokenizer)
    return variant_logits(system, (_masked(ids, tokens, mask) for tokens in masked), len(ids), labels)


@torch.inference_mode()
def variant_logits(
    system: NeuralSystem, variants: Iterable[npt.NDArray[np.integer]], tokens: int, labels: Sequence[int]
) -> npt.NDArray[np.float32]:
    """Return the logits of some labels for variants of a note that are given by their ids [variants, labels].

    Parameters
    ----------
    system, labels
        As for `masked_logits`.
    variants
        The ids of each variant [variants][tokens].
    tokens
        The number of tokens of every variant.

    """
    size = max(1, system.batch_tokens // tokens)
    remaining = iter(variants)
    found = [np.empty((0, len(labels)), dtype=np.float32)]
    while batch := [variant.astype(np.int32) for variant in islice(remaining, size)]:
        arranged = system.reading.arrange(batch, system.tokenizer.pad_token_id)
        inputs = {name: tensor.to(system.model.device) for name, tensor in arranged.items()}
        found.append(system.model(**inputs).logits[:, list(labels)].float().cpu().numpy())
    return np.concatenate(found)


def _masked(ids: npt.NDArray[np.int32], tokens: Tokens, mask: int) -> npt.NDArray[np.int32]:
    variant = ids.copy()
    variant[tokens] = mask
    return variant
