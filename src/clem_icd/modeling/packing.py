"""Scoring several notes in one sequence, one after the other, without any padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import ModernBertForSequenceClassification, PreTrainedModel

from clem_icd.modeling.attention import BLOCK_LOCAL
from clem_icd.modeling.heads import EncoderWithHead
from clem_icd.modeling.readings import Reading


def can_pack(model: PreTrainedModel, reading: Reading) -> bool:
    """Return whether `packed_logits` can score notes with a model.

    The attention has to tell notes apart, positions have to begin anew with each note, and each note has to
    be one piece.
    """
    encoder = _encoder(model)
    return (
        encoder is not None
        and encoder.config.model_type == "modernbert"
        and encoder.config._attn_implementation == BLOCK_LOCAL
        and not getattr(model, "attends_to_padding", False)
        and not reading.in_pieces
    )


def packed_logits(model: PreTrainedModel, notes: Sequence[npt.NDArray[np.int32]]) -> torch.Tensor:
    """Return the logits of notes [notes, labels].

    Parameters
    ----------
    model
        A model that `can_pack`.
    notes
        The token ids of each note, special tokens included.

    """
    encoder = _encoder(model)
    if encoder is None:
        raise TypeError(f"{type(model).__name__} has no encoder that can be packed")
    lengths = [len(note) for note in notes]
    ids = torch.from_numpy(np.concatenate(notes).astype(np.int64))[None].to(model.device)
    positions = torch.cat([torch.arange(length, device=model.device) for length in lengths])[None]
    encoded = encoder(input_ids=ids, position_ids=positions, note_lengths=lengths).last_hidden_state[0]
    # One by one: a token head would pad the vectors of all notes to the longest.
    return torch.stack([_logits(model, vectors) for vectors in encoded.split(lengths)])


def packs(lengths: Sequence[int], most_tokens: int) -> Iterator[list[int]]:
    """Yield rows, in order, in packs of at most ``most_tokens`` tokens. A longer row is a pack of its own."""
    pack: list[int] = []
    tokens = 0
    for row, length in enumerate(lengths):
        if pack and tokens + length > most_tokens:
            yield pack
            pack, tokens = [], 0
        pack.append(row)
        tokens += length
    if pack:
        yield pack


def _encoder(model: PreTrainedModel) -> PreTrainedModel | None:
    if isinstance(model, EncoderWithHead):
        return model.encoder  # type: ignore[no-any-return]
    return model.model if isinstance(model, ModernBertForSequenceClassification) else None


def _logits(model: PreTrainedModel, vectors: torch.Tensor) -> torch.Tensor:
    """Return the logits of a note [labels] from the vectors of its tokens [tokens, width]."""
    if isinstance(model, EncoderWithHead):
        mask = torch.ones(1, len(vectors), dtype=torch.long, device=vectors.device)
        logits: torch.Tensor = model.head(vectors[None], mask)[0]
        return logits
    pooled = vectors[0] if model.config.classifier_pooling == "cls" else vectors.mean(dim=0)
    stock: Any = model
    scored: torch.Tensor = stock.classifier(stock.drop(stock.head(pooled)))
    return scored
