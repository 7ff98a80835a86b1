"""Label cross-attention: label attention with a normalised vector per label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

import torch
from pydantic import model_validator
from transformers import PreTrainedModel

from clem_icd.modeling.heads.label_queries import STANDARD_DEVIATION, LabelQueries, TitledQueriesHead


class LabelCrossAttention(LabelQueries):
    """Keys, values, a normalised vector per label, and one output for all labels or a row for each.

    Parameters
    ----------
    width, labels
        The width of the encoder's vectors, and the number of labels.
    shared_output
        Whether all labels share one row and one bias.
    dropout
        Dropout of the token vectors and of the gathered vectors.

    """

    def __init__(self, width: int, labels: int, *, shared_output: bool, dropout: float) -> None:
        super().__init__(width, labels)
        self.key = torch.nn.Linear(width, width, bias=False)
        self.value = torch.nn.Linear(width, width)
        self.norm = torch.nn.LayerNorm(width)
        self.dropout = torch.nn.Dropout(dropout)
        self.classifier = torch.nn.Linear(width, 1 if shared_output else labels)
        for layer in (self.key, self.value, self.classifier):
            torch.nn.init.normal_(layer.weight, std=STANDARD_DEVIATION)
        torch.nn.init.zeros_(self.value.bias)
        torch.nn.init.zeros_(self.classifier.bias)

    def keys(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return what queries are compared with [notes, tokens, width]."""
        keys: torch.Tensor = self.key(hidden)
        return keys

    def values(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return what labels gather [notes, tokens, width]."""
        values: torch.Tensor = self.value(hidden)
        return values

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the logits [notes, labels]."""
        gathered = self.norm(self.dropout(self.gather(self.dropout(hidden), mask)))
        logits: torch.Tensor = (gathered * self.classifier.weight).sum(dim=-1) + self.classifier.bias
        return logits


class LabelCrossAttentionHead(TitledQueriesHead):
    """Label cross-attention (PLM-CA, Edin et al. 2024; GKI-ICD, Zhang et al. 2025).

    Attributes
    ----------
    output
        ``shared``: one row and one bias for all labels, as in PLM-CA. ``own``: a row and a bias for each, as
        in GKI-ICD; rows start like the queries.

    """

    kind: Literal["label-cross-attention"] = "label-cross-attention"
    output: Literal["shared", "own"] = "shared"

    def module(self, width: int, labels: int) -> torch.nn.Module:
        """Return the module that computes the logits."""
        return LabelCrossAttention(width, labels, shared_output=self.output == "shared", dropout=self.dropout)

    def _start_from(self, model: PreTrainedModel, known: Sequence[int], vectors: torch.Tensor) -> None:
        super()._start_from(model, known, vectors)
        # Queries from titles point at tokens only if keys and values start as the encoder's own vectors.
        for name in ("key", "value"):
            torch.nn.init.eye_(model.get_parameter(f"head.{name}.weight"))
        if self.output == "own":
            rows = model.get_parameter("head.classifier.weight")
            rows[list(known)] = vectors.to(rows)

    @model_validator(mode="after")
    def _prior_needs_a_bias_per_label(self) -> Self:
        if self.prior_bias and self.output == "shared":
            raise ValueError("prior_bias needs output=own: with output=shared, all labels have one bias")
        return self
