"""What every kind of encoder can do: be opened, and be put under a head."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from pydantic import Field
from safetensors import SafetensorError
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase
from transformers.models.auto.auto_factory import _BaseAutoModelClass

from clem_icd.errors import ModelError
from clem_icd.fields import Choice

# The dropouts of an encoder, by the names that ModernBERT and the BERT family give them.
_DROPOUTS = (
    "embedding_dropout",
    "mlp_dropout",
    "attention_dropout",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
)

LOADING_ERRORS = (OSError, ValueError, SafetensorError)


class Encoder(Choice):
    """Where an encoder comes from.

    Attributes
    ----------
    dropout
        One value for all dropouts inside the encoder; None keeps its own.

    """

    dropout: float | None = Field(default=None, ge=0, lt=1)

    def open(self, *, positions: int, texts: Iterable[str]) -> OpenEncoder:
        """Return the encoder's config and tokenizer, ready to be put under a head.

        Parameters
        ----------
        positions
            The longest sequence that the encoder will be given, in tokens.
        texts
            Training notes, for an encoder whose tokenizer is learned from them.

        Raises
        ------
        ModelError
            If it cannot be opened, or the choice has a field that it cannot honour.

        """
        raise NotImplementedError

    def _dropout_fields(self, config: PreTrainedConfig) -> dict[str, float]:
        """Return the dropouts that the config has, each set to ours."""
        if self.dropout is None:
            return {}
        fields = {name: self.dropout for name in _DROPOUTS if hasattr(config, name)}
        if not fields:
            raise ModelError(
                f"a {config.model_type} encoder has no dropout that can be set",
                remedy="Leave out encoder.dropout",
            )
        return fields


@dataclass(frozen=True)
class OpenEncoder:
    """An encoder whose config and tokenizer are known, and whose weights are not loaded yet.

    Attributes
    ----------
    name
        What errors call it.
    config, tokenizer
        Of the encoder.
    place
        The folder or Hub id of its weights; None for random weights.

    """

    name: str
    config: PreTrainedConfig
    tokenizer: PreTrainedTokenizerBase
    place: str | None = None

    def under(
        self,
        kind: type[_BaseAutoModelClass],
        *,
        attention: str = "sdpa",
        fields: dict[str, Any] | None = None,
    ) -> PreTrainedModel:
        """Return the encoder under one of the stock heads, in single precision.

        Parameters
        ----------
        kind
            The Auto class of the head, or ``AutoModel`` for none. What the head has no weights for is random.
        attention
            The attention implementation.
        fields
            Fields of the config that differ from the encoder's own.

        Raises
        ------
        ModelError
            If the weights cannot be loaded, or some of the encoder's are missing.

        """
        config = self.config
        config.update(fields or {})
        if self.place is None:
            model: PreTrainedModel = kind.from_config(config, attn_implementation=attention)
            return model
        try:
            model, loading = kind.from_pretrained(
                self.place,
                config=config,
                attn_implementation=attention,
                dtype=torch.float32,
                use_safetensors=True,
                trust_remote_code=False,
                # The head of an earlier run belongs to that run's labels and gives way to a new one.
                ignore_mismatched_sizes=True,
                output_loading_info=True,
            )
        except LOADING_ERRORS as problem:
            raise cannot_be_loaded(self.name, problem) from problem
        self._refuse_random_weights(model, loading)
        return model

    def _refuse_random_weights(self, model: PreTrainedModel, loading: dict[str, Any]) -> None:
        """Refuse an encoder whose file lacks some of its weights, or has them in another shape."""
        base = "" if model.base_model is model else f"{model.base_model_prefix}."
        unloaded = {*loading["missing_keys"], *(key for key, *_ in loading["mismatched_keys"])}
        # A pooler is part of the head, though BERT counts it to the encoder; masked-language models lack it.
        random = sorted(key for key in unloaded if key.startswith(base) and "pooler." not in key)
        if random:
            raise ModelError(
                f"the weights of the encoder {self.name!r} lack {len(random)} of its parameters, or have "
                f"them in another shape: {random[0]}, for example",
                remedy="Name an encoder whose model.safetensors belongs to its config.json",
            )


def cannot_be_loaded(name: str, problem: Exception) -> ModelError:
    """Return the error for an encoder that is missing or damaged."""
    return ModelError(
        f"the encoder {name!r} cannot be loaded ({type(problem).__name__})",
        remedy="Name a folder with config.json, model.safetensors and a tokenizer, "
        "a Hub id where the Hub can be reached, or 'small'",
    )
