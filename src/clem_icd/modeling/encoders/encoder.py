"""The interface of encoders: opening one, and loading it under a head."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import Field
from safetensors import SafetensorError
from transformers import AutoModel, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase
from transformers.models.auto.auto_factory import _BaseAutoModelClass

from clem_icd.errors import ModelError
from clem_icd.fields import Choice
from clem_icd.modeling.attention import BLOCK_LOCAL
from clem_icd.modeling.damage import CONFIG, WEIGHTS, Part, naming_damage, require_parameters
from clem_icd.modeling.encoders.hub import hub_error

DROPOUTS = (
    "dropout",
    "embedding_dropout",
    "mlp_dropout",
    "attention_dropout",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
)
"""The names of an encoder's dropouts in the configs of ModernBERT, the BERT family and DistilBERT."""

ANOTHER_ENCODER = (
    "Copy the encoder's folder again, or name one with config.json, model.safetensors and a tokenizer"
)


class Encoder(Choice):
    """Where an encoder comes from.

    Attributes
    ----------
    dropout
        One rate for all dropouts inside the encoder; None keeps the encoder's own rates.

    """

    dropout: float | None = Field(default=None, ge=0, lt=1)

    def open(self, *, positions: int, texts: Iterable[str]) -> OpenEncoder:
        """Read the encoder's config and tokenizer; weights are loaded later, with `OpenEncoder.load`.

        Parameters
        ----------
        positions
            The longest sequence that the encoder will be given, in tokens.
        texts
            Training notes, read only if the tokenizer is learned from them.

        Raises
        ------
        ModelError
            If it cannot be opened, or does not support a field of this choice.

        """
        raise NotImplementedError

    def local_folder(self) -> Path | None:
        """Return the folder that the encoder is read from; None if it is not read from this machine."""
        return None

    def _dropout_fields(self, config: PreTrainedConfig) -> dict[str, Any]:
        """Return the dropout fields of the config, each set to `dropout`."""
        if self.dropout is None:
            return {}
        fields: dict[str, Any] = {name: self.dropout for name in DROPOUTS if hasattr(config, name)}
        if not fields:
            raise ModelError(
                f"a {config.model_type} encoder has no dropout that can be set",
                remedy="Leave out encoder.dropout",
            )
        # Without one of its own, the head of BERT takes the dropout of the encoder.
        if getattr(config, "classifier_dropout", 0.0) is None:
            fields["classifier_dropout"] = getattr(config, "hidden_dropout_prob", None)
        return fields


@dataclass(frozen=True)
class OpenEncoder:
    """An encoder with its config and tokenizer, before its weights are loaded.

    Attributes
    ----------
    name
        The encoder's name in errors.
    config, tokenizer
        The encoder's config and tokenizer.
    place
        The folder or Hub id of its weights; None for random weights.
    revision
        The revision of a Hub id, as a commit if it is known; None for anything else.

    """

    name: str
    config: PreTrainedConfig
    tokenizer: PreTrainedTokenizerBase
    place: str | None = None
    revision: str | None = None

    def load(
        self,
        auto_class: type[_BaseAutoModelClass],
        *,
        attention: str = BLOCK_LOCAL,
        fields: dict[str, Any] | None = None,
    ) -> PreTrainedModel:
        """Return the encoder under a stock head, in single precision.

        Parameters
        ----------
        auto_class
            The Auto class of the head, or ``AutoModel`` for none. Weights that the file lacks for the head
            are random.
        attention
            The attention implementation.
        fields
            Config fields that replace the encoder's own.

        Raises
        ------
        ModelError
            If the weights cannot be loaded, or weights of the encoder are missing.

        """
        config = copy.deepcopy(self.config)
        config.update(fields or {})
        if self.place is None:
            model: PreTrainedModel = auto_class.from_config(config, attn_implementation=attention)
            return model
        with loading_errors(self.name, self.place, WEIGHTS, self.revision):
            model, loading = auto_class.from_pretrained(
                self.place,
                # A commit: of a branch without safetensors, transformers loads a conversion that others made.
                revision=self.revision,
                config=config,
                attn_implementation=attention,
                dtype=torch.float32,
                use_safetensors=True,
                trust_remote_code=False,
                # The head of an earlier run has that run's labels and is replaced by a new one.
                ignore_mismatched_sizes=True,
                output_loading_info=True,
            )
        require_encoder(model, loading, Path(self.place) / "model.safetensors", ANOTHER_ENCODER)
        return model

    def without_weights(self) -> PreTrainedModel:
        """Return the encoder with its layers, but without memory for their weights.

        Raises
        ------
        ModelError
            If the config does not describe an encoder.

        """
        errors = (
            nullcontext()
            if self.place is None
            else loading_errors(self.name, self.place, CONFIG, self.revision)
        )
        with errors, torch.device("meta"):
            model: PreTrainedModel = AutoModel.from_config(self.config)
            return model


def require_encoder(model: PreTrainedModel, loading: dict[str, Any], path: Path, remedy: str) -> None:
    """Refuse an encoder if its file lacks some of its weights, or has them in another shape.

    Parameters
    ----------
    model, loading
        What `transformers` loaded, and its account of it.
    path, remedy
        The file of the weights, and what to do about it.

    Raises
    ------
    ModelError
        If weights of the encoder are missing; those of the head may be.

    """
    base = "" if model.base_model is model else f"{model.base_model_prefix}."

    def is_of_encoder(name: str) -> bool:
        # BERT counts the pooler as part of the encoder, but it is a head, and masked-language models lack it.
        return name.startswith(base) and "pooler." not in name

    require_parameters(
        path,
        [name for name in loading["missing_keys"] if is_of_encoder(name)],
        [one for one in loading["mismatched_keys"] if is_of_encoder(one[0])],
        remedy,
    )


@contextmanager
def loading_errors(name: str, place: str, part: Part, revision: str | None = None) -> Iterator[None]:
    """Turn what libraries raise for an encoder that is missing or damaged into one error.

    Parameters
    ----------
    name
        The encoder's name.
    place
        Its folder or Hub id.
    part
        What the block loads.
    revision
        The revision of a Hub id.

    Raises
    ------
    ModelError
        If the block raises anything. In a folder, it names the file.

    """
    if Path(place).is_dir():
        with naming_damage(Path(place), part, ANOTHER_ENCODER):
            yield
        return
    try:
        yield
    except (OSError, ValueError, SafetensorError) as problem:
        raise hub_error(name, place, revision, part, problem) from problem
