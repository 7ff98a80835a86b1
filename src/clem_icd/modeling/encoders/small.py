"""A ModernBERT with random weights, small enough to train on a CPU."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Self

from pydantic import Field, model_validator
from transformers import ModernBertConfig, PreTrainedTokenizerBase

from clem_icd.modeling.encoders.encoder import Encoder, OpenEncoder
from clem_icd.modeling.tokenizer import learn_tokenizer


class SmallEncoder(Encoder):
    """A ModernBERT with random weights, and a tokenizer learned from the training notes.

    Attributes
    ----------
    hidden_size, intermediate_size, layers, attention_heads
        Dimensions; 768, 1,152, 22 and 12 in ModernBERT-base.
    vocabulary
        Number of tokens of the tokenizer.
    global_attention_every
        Every n-th layer, starting with the first, attends to the whole note; the others see 64 tokens on
        each side.

    """

    kind: Literal["small"] = "small"
    hidden_size: int = Field(default=256, ge=8)
    intermediate_size: int = Field(default=384, ge=8)
    layers: int = Field(default=4, ge=1)
    attention_heads: int = Field(default=4, ge=1)
    vocabulary: int = Field(default=8192, ge=300)
    global_attention_every: int = Field(default=3, ge=1)

    @model_validator(mode="after")
    def _require_divisible_width(self) -> Self:
        if self.hidden_size % (2 * self.attention_heads):
            raise ValueError("hidden_size must be a multiple of twice attention_heads")
        return self

    def open(self, *, positions: int, texts: Iterable[str]) -> OpenEncoder:
        """Learn the tokenizer from the texts, and make the config for it."""
        return self.open_with(
            learn_tokenizer(texts, vocabulary=self.vocabulary, max_tokens=positions), positions=positions
        )

    def open_with(self, tokenizer: PreTrainedTokenizerBase, *, positions: int) -> OpenEncoder:
        """Return the encoder for an existing tokenizer."""
        config = self.config(tokenizer, positions)
        config.update(self._dropout_fields(config))
        return OpenEncoder(self.kind, config, tokenizer)

    def config(self, tokenizer: PreTrainedTokenizerBase, positions: int, **fields: Any) -> ModernBertConfig:
        """Return the config of a ModernBERT of these dimensions.

        Parameters
        ----------
        tokenizer
            The tokenizer, which determines the size of the vocabulary and the special tokens.
        positions
            The longest sequence that the encoder will be given, in tokens.
        fields
            Further config fields.

        """
        return ModernBertConfig(
            vocab_size=len(tokenizer),
            hidden_size=self.hidden_size,
            intermediate_size=self.intermediate_size,
            num_hidden_layers=self.layers,
            num_attention_heads=self.attention_heads,
            layer_types=[
                "sliding_attention" if layer % self.global_attention_every else "full_attention"
                for layer in range(self.layers)
            ],
            max_position_embeddings=positions,
            pad_token_id=tokenizer.pad_token_id,
            cls_token_id=tokenizer.cls_token_id,
            sep_token_id=tokenizer.sep_token_id,
            bos_token_id=tokenizer.cls_token_id,
            eos_token_id=tokenizer.sep_token_id,
            **{"classifier_pooling": "mean", **fields},
        )
