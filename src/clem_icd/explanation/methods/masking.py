"""Logits of a note of which some tokens are masked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
    size = max(1, system.batch_tokens // len(ids))
    found = [_logits(system, batch)[:, list(labels)] for batch in _batches(system, ids, masked, size)]
    return np.concatenate(found) if found else np.empty((0, len(labels)), dtype=np.float32)


def _batches(
    system: NeuralSystem, ids: npt.NDArray[np.int32], masked: Iterable[Tokens], size: int
) -> Iterator[list[npt.NDArray[np.int32]]]:
    mask = mask_id(system.tokenizer)
    remaining = iter(masked)
    while chunk := list(islice(remaining, size)):
        batch = [ids.copy() for _ in chunk]
        for variant, tokens in zip(batch, chunk, strict=True):
            variant[tokens] = mask
        yield batch


@torch.inference_mode()
def _logits(system: NeuralSystem, variants: list[npt.NDArray[np.int32]]) -> npt.NDArray[np.float32]:
    arranged = system.reading.arrange(variants, system.tokenizer.pad_token_id)
    inputs = {name: tensor.to(system.model.device) for name, tensor in arranged.items()}
    logits: npt.NDArray[np.float32] = system.model(**inputs).logits.float().cpu().numpy()
    return logits
