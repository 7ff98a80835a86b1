"""How many tokens an encoder reads at most."""

from __future__ import annotations

from transformers import PreTrainedModel

from clem_icd.errors import ModelError


def context_of(model: PreTrainedModel) -> int | None:
    """Return the longest input in tokens, special ones included, or None where no limit is known.

    Encoders like RoBERTa count positions from ``padding_idx + 1`` and lose as many: their 514 positions
    take 512 tokens. The tokenizer's ``model_max_length`` is not asked: a model trained with a smaller
    ``max_tokens`` has a smaller one than its encoder reads.
    """
    positions = getattr(model.base_model.config, "max_position_embeddings", None)
    if not isinstance(positions, int) or positions < 1:
        return None
    return positions - first_position(model)


def first_position(model: PreTrainedModel) -> int:
    """Return the position that an encoder gives to its first token: 0, or ``padding_idx + 1``."""
    for name, module in model.named_modules():
        padding = getattr(module, "padding_idx", None)
        if name.endswith(".position_embeddings") and padding is not None:
            return int(padding) + 1
    return 0


def require_context(model: PreTrainedModel, encoder: str, tokens: int, setting: str) -> None:
    """Refuse an encoder that reads fewer tokens than it will be given.

    Raises
    ------
    ModelError
        If it does; ``setting``, followed by what the encoder reads, is the remedy.

    """
    context = context_of(model)
    if context is not None and context < tokens:
        raise ModelError(
            f"the encoder {encoder!r} reads {context} tokens, asked for {tokens}",
            remedy=f"Set {setting}{context}",
        )
