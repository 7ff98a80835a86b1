"""Label attention: each label attends to the tokens and scores what it has gathered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

import torch
from pydantic import model_validator
from transformers import PreTrainedModel

from clem_icd.modeling.heads.label_queries import (
    STANDARD_DEVIATION,
    LabelQueries,
    LabelQueriesHead,
    Labels,
    TitledQueriesHead,
)


class LabelAttention(LabelQueries):
    """Keys, values, and a row and a bias per label: logit = row · gathered vector + bias.

    Parameters
    ----------
    width, labels
        The width of the encoder's vectors, and the number of labels.
    tanh_keys
        Keys are tanh(W h) and values the token vectors h, with random W; otherwise both are linear maps
        that start as the identity.
    dropout
        Dropout of the token vectors and of the gathered vectors.

    """

    def __init__(self, width: int, labels: int, *, tanh_keys: bool, dropout: float) -> None:
        super().__init__(width, labels, dropout=dropout)
        self.key = torch.nn.Linear(width, width, bias=False)
        self.value = None if tanh_keys else torch.nn.Linear(width, width, bias=False)
        self.classifier = torch.nn.Linear(width, labels)
        torch.nn.init.normal_(self.classifier.weight, std=STANDARD_DEVIATION)
        torch.nn.init.zeros_(self.classifier.bias)
        if self.value is None:
            torch.nn.init.normal_(self.key.weight, std=STANDARD_DEVIATION)
        else:
            torch.nn.init.eye_(self.key.weight)
            torch.nn.init.eye_(self.value.weight)

    def keys(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return what queries are compared with [notes, tokens, width]."""
        keys: torch.Tensor = self.key(hidden)
        return keys.tanh() if self.value is None else keys

    def values(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return what labels gather [notes, tokens, width]."""
        values: torch.Tensor = hidden if self.value is None else self.value(hidden)
        return values

    def scores(self, gathered: torch.Tensor, labels: Labels) -> torch.Tensor:
        """Return the logits [notes, labels] of what some labels gathered [notes, labels, width]."""
        products = (gathered * self.classifier.weight[labels]).sum(dim=-1)
        logits: torch.Tensor = products + self.classifier.bias[labels]
        return logits

    def directions(self, gathered: torch.Tensor, labels: Sequence[int]) -> torch.Tensor:
        """Return the rows of some labels [notes, labels, width]; the constant is the bias."""
        rows: torch.Tensor = self.classifier.weight[labels]
        return rows.expand_as(gathered)


class KeyedQueriesHead(LabelQueriesHead):
    """A head with the keys of `LabelAttention`.

    Attributes
    ----------
    keys
        ``tanh``: as in PLM-ICD, tokens are compared after a random linear map and tanh, and gathered as they
        are. ``linear``: they are compared and gathered after linear maps that start as the identity, so that
        queries from titles point at tokens from the first step.

    """

    keys: Literal["tanh", "linear"] = "tanh"


class LabelAttentionHead(KeyedQueriesHead, TitledQueriesHead):
    """Label attention (PLM-ICD, Huang et al. 2022; LAAT, Vu et al. 2020).

    Attributes
    ----------
    compat
        ``plm-icd`` attends to padding, as the published code does. Scores then depend on the batch.

    """

    kind: Literal["label-attention"] = "label-attention"
    compat: Literal["plm-icd"] | None = None

    @property
    def attends_to_padding(self) -> bool:
        """Whether padding takes part in the attention, as in PLM-ICD."""
        return self.compat == "plm-icd"

    def module(self, width: int, labels: int) -> torch.nn.Module:
        """Return the module that computes the logits."""
        return LabelAttention(width, labels, tanh_keys=self.keys == "tanh", dropout=self.dropout)

    def _start_from(self, model: PreTrainedModel, known: Sequence[int], vectors: torch.Tensor) -> None:
        super()._start_from(model, known, vectors)
        rows = model.get_parameter("head.classifier.weight")
        rows[list(known)] = vectors.to(rows)

    @model_validator(mode="after")
    def _titles_need_linear_keys(self) -> Self:
        if self.start != "random" and self.keys == "tanh":
            raise ValueError(
                f"start={self.start} needs keys=linear: behind a random map, titles mean nothing"
            )
        return self
