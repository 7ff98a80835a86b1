"""An encoder under its masked-language-modelling head, for packed sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoModelForMaskedLM, PreTrainedModel, PreTrainedTokenizerBase

from clem_icd.errors import ModelError
from clem_icd.modeling.context import context_of, first_position, require_context
from clem_icd.modeling.encoders import OpenEncoder, PretrainedEncoder, SmallEncoder
from clem_icd.modeling.inputs import batches_by_length
from clem_icd.modeling.readings import WholeReading

# Tokens per batch, padding included. Larger batches would be padded to longer texts.
_BATCH_TOKENS = 4096


def new_language_model(
    small: SmallEncoder, tokenizer: PreTrainedTokenizerBase, positions: int
) -> PreTrainedModel:
    """Return a stock ModernBERT with random weights, under its masked-language-modelling head.

    Parameters
    ----------
    small
        The dimensions.
    tokenizer
        The encoder's tokenizer.
    positions
        The longest input, in tokens.

    """
    return _with_masked_head(small.open_with(tokenizer, positions=positions))


def load_language_model(
    encoder: PretrainedEncoder, longest: int
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load an encoder under its masked-language-modelling head, and its tokenizer.

    Parameters
    ----------
    encoder
        The encoder to load.
    longest
        The longest sequence that the encoder will be given, in tokens.

    Raises
    ------
    ModelError
        If it cannot be loaded, lacks weights, has no mask token, or reads fewer than ``longest`` tokens.

    """
    opened = encoder.open(positions=longest)
    if opened.tokenizer.mask_token_id is None:
        raise ModelError(
            f"the tokenizer of {encoder.name!r} has no mask token",
            remedy="Name an encoder that was trained with masked-language modelling",
        )
    model = _with_masked_head(opened)
    require_context(
        model, encoder.name, longest, "Set training.lengths and codes.note_tokens to at most {context}"
    )
    return model, opened.tokenizer


def _with_masked_head(encoder: OpenEncoder) -> PreTrainedModel:
    # ModernBERT can score only the masked tokens, a third of the work. Other configs lack this field.
    fields = {"sparse_prediction": True} if hasattr(encoder.config, "sparse_prediction") else {}
    return encoder.load(AutoModelForMaskedLM, fields=fields)


def packed_inputs(model: PreTrainedModel, ids: torch.Tensor, sequences: torch.Tensor) -> dict[str, Any]:
    """Return the inputs for rows of packed sequences, such that no sequence attends to another.

    Parameters
    ----------
    ids
        Token ids [rows, length].
    sequences
        The number of the sequence that each token belongs to, ascending within a row [rows, length].

    """
    length = ids.shape[1]
    place = torch.arange(length, device=ids.device)
    together = (sequences[:, :, None] == sequences[:, None, :])[:, None]
    begins = torch.nn.functional.pad(sequences[:, 1:] != sequences[:, :-1], (1, 0), value=True)
    positions = place - torch.where(begins, place, 0).cummax(dim=1).values
    return {
        "input_ids": ids,
        "attention_mask": _masks(model, together, (place[:, None] - place[None, :]).abs()),
        "position_ids": positions + first_position(model),
    }


def _masks(model: PreTrainedModel, together: torch.Tensor, distance: torch.Tensor) -> Any:
    layers = set(getattr(model.config, "layer_types", None) or ())
    if not layers:
        return together
    window = getattr(model.config, "sliding_window", None)
    masks = {"full_attention": together}
    if window is not None:
        masks["sliding_attention"] = together & (distance <= window)
    return {layer: masks[layer] for layer in layers}


def pooled(model: PreTrainedModel, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the input to the classifier of a stock head with mean pooling [texts, width].

    Parameters
    ----------
    model
        A ModernBERT with any head, or another encoder, whose last layer is averaged.
    ids, mask
        Token ids and attention mask, padded on the right [texts, length].

    """
    hidden = model.base_model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
    mean = (hidden * mask.unsqueeze(-1)).sum(dim=1) / mask.sum(dim=1, keepdim=True)
    head = getattr(model, "head", None)
    return mean if head is None else torch.as_tensor(head(mean))


def pooled_texts(model: PreTrainedModel, texts: Sequence[torch.Tensor], pad: int) -> torch.Tensor:
    """Return the `pooled` vectors of texts of any length, in order [texts, width].

    Parameters
    ----------
    texts
        The token ids of one or more texts. Overlong texts are truncated as in `WholeReading`.
    pad
        The id of the padding token.

    """
    context = context_of(model)
    if context is not None:
        kept = WholeReading(max_tokens=context).kept
        texts = [text[torch.from_numpy(kept(len(text)))] for text in texts]
    order: list[int] = []
    vectors = []
    for batch in batches_by_length([len(text) for text in texts], _BATCH_TOKENS):
        order += batch
        some = [texts[number] for number in batch]
        ids = torch.nn.utils.rnn.pad_sequence(some, batch_first=True, padding_value=pad)
        lengths = torch.tensor([len(text) for text in some])
        mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
        vectors.append(pooled(model, ids.to(model.device), mask.to(model.device)))
    back = torch.argsort(torch.tensor(order)).to(model.device)
    return torch.cat(vectors)[back]
