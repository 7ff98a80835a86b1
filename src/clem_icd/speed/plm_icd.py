"""PLM-ICD with random weights: a RoBERTa on segments of a note, under label attention (Huang et al. 2022)."""

from __future__ import annotations

from typing import Any

import torch
from transformers import (
    AutoModelForSequenceClassification,
    PreTrainedConfig,
    PreTrainedTokenizerBase,
    RobertaConfig,
)

from clem_icd.modeling import (
    EncoderWithHead,
    LabelAttentionHead,
    NeuralSystem,
    Reading,
    attention_for,
    best_device,
)
from clem_icd.modeling.heads.encoder_with_head import EncoderWithHeadConfig
from clem_icd.modeling.linears import use_onednn

SEGMENT_TOKENS = 128
"""Tokens of a segment."""

PLM_ICD_TOKENS = 3_072
"""The most tokens of a note that are read."""

ROBERTA_VOCABULARY = 50_265
"""Tokens of RoBERTa-base. Notes have the ids of the measured model's tokenizer."""

_SEED = 0


def plm_icd_config(labels: int, **size: Any) -> PreTrainedConfig:
    """Return the config of PLM-ICD: a RoBERTa under label attention.

    Parameters
    ----------
    labels
        The number of labels.
    size
        Fields of RoBERTa's config, other than those of RoBERTa-base.

    """
    encoder = RobertaConfig(
        max_position_embeddings=514,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        **size,
    )
    head = LabelAttentionHead(keys="tanh")
    config = EncoderWithHeadConfig(encoder=encoder.to_dict(), head=head.model_dump(mode="json"))
    config.num_labels = labels
    return config


def plm_icd_system(
    config: PreTrainedConfig, tokenizer: PreTrainedTokenizerBase, reading: Reading, *, accelerated: bool
) -> NeuralSystem:
    """Return PLM-ICD with random weights.

    Parameters
    ----------
    config
        The result of `plm_icd_config`.
    tokenizer
        Tokenizes the notes.
    reading
        Segments.
    accelerated
        Whether this package's linear layers and attention are used, or those that PLM-ICD's own code gets
        from PyTorch and transformers.

    """
    device = best_device()
    torch.manual_seed(_SEED)
    config._attn_implementation = attention_for(device, torch.float32) if accelerated else "sdpa"
    model: Any = EncoderWithHead(config)  # type: ignore[arg-type]
    if accelerated:
        use_onednn(model)
    return NeuralSystem(model.to(device), tokenizer, reading)


def same_size_encoder(config: PreTrainedConfig) -> dict[str, int]:
    """Return the fields of a RoBERTa as wide and as deep as a model's encoder.

    Its intermediate layer is such that the layers also have as many weights: ModernBERT's has three matrices,
    RoBERTa's two.
    """
    with torch.device("meta"):
        model = AutoModelForSequenceClassification.from_config(config)
    encoder = model.base_model.config
    width, layers = encoder.hidden_size, encoder.num_hidden_layers
    per_layer = _layer_weights(model.base_model) // layers
    return {
        "vocab_size": encoder.vocab_size,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": encoder.num_attention_heads,
        # Four square matrices are those of the attention.
        "intermediate_size": max(1, round((per_layer - 4 * width**2) / (2 * width))),
    }


def _layer_weights(encoder: torch.nn.Module) -> int:
    """Return the number of weights in the matrices of an encoder's layers."""
    return sum(
        module.weight.numel()
        for name, module in encoder.named_modules()
        if isinstance(module, torch.nn.Linear) and "pooler" not in name
    )
