"""The stock Hugging Face classifier; its checkpoint loads without this package."""

from __future__ import annotations

from typing import Any, Literal, Self

import torch
from pydantic import Field, model_validator
from transformers import (
    AutoModelForSequenceClassification,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from clem_icd.errors import ModelError
from clem_icd.modeling.encoders import OpenEncoder
from clem_icd.modeling.heads.encoder_with_head import EncoderWithHead
from clem_icd.modeling.heads.head import Head
from clem_icd.modeling.labels import LabelSpace, label_fields
from clem_icd.modeling.readings import Reading
from clem_icd.modeling.titles import require_titles, set_head_from_titles


class PooledHead(Head):
    """One pooled vector per note, and a linear layer (CLEM-ICD, Cross 2025).

    Attributes
    ----------
    pooling
        The vector of the first token, or the mean over all tokens; None keeps the encoder's default.
    dropout
        Dropout before the linear layer; None keeps the encoder's default.
    start
        The initial weights of the linear layer: random, or from the titles of the codes
        (`set_head_from_titles`).

    """

    kind: Literal["pooled"] = "pooled"
    pooling: Literal["cls", "mean"] | None = None
    dropout: float | None = Field(default=None, ge=0, lt=1)
    start: Literal["random", "titles"] = "random"

    def new_model(self, encoder: OpenEncoder, labels: LabelSpace, *, attention: str) -> PreTrainedModel:
        """Return the stock multi-label classifier on an encoder."""
        fields = {**label_fields(labels.codes), **self._own_fields(encoder.config)}
        return encoder.load(AutoModelForSequenceClassification, attention=attention, fields=fields)

    def initialize(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, labels: LabelSpace
    ) -> None:
        """Set the bias from the label frequencies and the weights from the titles, if the fields say so."""
        super().initialize(model, tokenizer, labels)
        if self.start == "titles":
            set_head_from_titles(model, tokenizer, labels.titles)

    def bias(self, model: PreTrainedModel) -> torch.nn.Parameter:
        """Return the bias of the linear layer [labels].

        It is ``classifier`` in ModernBERT and BERT, and ``classifier.out_proj`` in RoBERTa.
        """
        parameters = dict(model.named_parameters())
        for name in ("classifier.bias", "classifier.out_proj.bias"):
            if name in parameters:
                return parameters[name]
        raise ModelError(
            f"the head of {type(model).__name__} has no bias that can be set",
            remedy="Set head.prior_bias=false",
        )

    def require_model(self, model: PreTrainedModel) -> None:
        """Refuse a model with a head of its own in place of the stock one."""
        if isinstance(model, EncoderWithHead):
            raise ValueError(f"config.json has the head {(model.config.head or {}).get('kind')!r}")

    def require_labels(self, labels: LabelSpace) -> None:
        """Refuse labels without titles if the weights start from titles."""
        if self.start == "titles":
            require_titles(labels, "head.start=titles")

    def require_reading(self, reading: Reading) -> None:
        """Refuse a reading in pieces: the stock classifier takes one sequence per note."""
        if reading.in_pieces:
            raise ValueError(
                f"head pooled needs a note in one piece, but reading {reading.kind} splits it; "
                "set reading=whole, or choose another head"
            )

    @model_validator(mode="after")
    def _titles_need_the_mean(self) -> Self:
        if self.start == "titles" and self.pooling == "cls":
            raise ValueError("start=titles needs pooling=mean, not cls")
        return self

    def _own_fields(self, config: PreTrainedConfig) -> dict[str, Any]:
        wanted = {"classifier_pooling": self.pooling, "classifier_dropout": self.dropout}
        names = {"classifier_pooling": "pooling", "classifier_dropout": "dropout"}
        fields = {key: value for key, value in wanted.items() if value is not None}
        for key in fields:
            if not hasattr(config, key):
                raise ModelError(
                    f"the stock head of a {config.model_type} encoder has no {names[key]} that can be set",
                    remedy=f"Leave out head.{names[key]}",
                )
        return fields
