"""The context of an encoder: the longest sequence that it reads."""

from __future__ import annotations

from transformers import PreTrainedModel

from clem_icd.errors import ModelError


def context_of(model: PreTrainedModel) -> int | None:
    """Return the longest input in tokens, special tokens included; None if no limit is known.

    Encoders like RoBERTa count positions from ``padding_idx + 1``, so 514 positions hold 512 tokens. The
    tokenizer's ``model_max_length`` does not matter: training with a smaller ``max_tokens`` lowers it, but
    not the encoder's own limit.
    """
    positions = getattr(model.base_model.config, "max_position_embeddings", None)
    if not isinstance(positions, int) or positions < 1:
        return None
    return positions - first_position(model)


def first_position(model: PreTrainedModel) -> int:
    """Return the position id of an encoder's first token: 0, or ``padding_idx + 1``."""
    for name, module in model.named_modules():
        padding = getattr(module, "padding_idx", None)
        if name.endswith(".position_embeddings") and padding is not None:
            return int(padding) + 1
    return 0


def require_context(model: PreTrainedModel, encoder: str, tokens: int, remedy: str) -> None:
    """Require that an encoder reads sequences of a given length.

    Parameters
    ----------
    model, encoder
        The encoder, and its name in errors.
    tokens
        The longest sequence that it will be given, in tokens.
    remedy
        The remedy; ``{context}`` in it becomes the number of tokens that the encoder reads.

    Raises
    ------
    ModelError
        If the encoder reads fewer tokens.

    """
    context = context_of(model)
    if context is not None and context < tokens:
        raise ModelError(
            f"the encoder {encoder!r} reads {context} tokens, asked for {tokens}",
            remedy=remedy.format(context=context),
        )
