"""Label cross-attention: label attention with a normalised vector per label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

import torch
from pydantic import model_validator
from transformers import PreTrainedModel

from clem_icd.modeling.heads.label_queries import (
    STANDARD_DEVIATION,
    LabelQueries,
    Labels,
    TitledQueriesHead,
)


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
        super().__init__(width, labels, dropout=dropout)
        self.key = torch.nn.Linear(width, width, bias=False)
        self.value = torch.nn.Linear(width, width)
        self.norm = torch.nn.LayerNorm(width)
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

    def scores(self, gathered: torch.Tensor, labels: Labels) -> torch.Tensor:
        """Return the logits [notes, labels] of what some labels gathered [notes, labels, width]."""
        own = self._outputs(labels)
        products = (self.norm(gathered) * self.classifier.weight[own]).sum(dim=-1)
        logits: torch.Tensor = products + self.classifier.bias[own]
        return logits

    def directions(self, gathered: torch.Tensor, labels: Sequence[int]) -> torch.Tensor:
        """Return the centred rows of some labels, over the deviation of what they gathered.

        The constant is what the normalisation adds, and the bias. Each argument and result is [notes, labels,
        width].
        """
        rows = self.classifier.weight[self._outputs(labels)] * self.norm.weight
        return (rows - rows.mean(dim=-1, keepdim=True)) / self._deviation(gathered)

    def slopes(self, gathered: torch.Tensor, labels: Sequence[int]) -> torch.Tensor:
        """Return the gradients of logits with respect to what some labels gathered.

        Unlike the directions, they take into account that each token also changes the deviation, so they
        leave out what points along the normalised vector. Each argument and result is [notes, labels, width].
        """
        directions = self.directions(gathered, labels)
        normal = (gathered - gathered.mean(dim=-1, keepdim=True)) / self._deviation(gathered)
        return directions - normal * (directions * normal).mean(dim=-1, keepdim=True)

    def _deviation(self, gathered: torch.Tensor) -> torch.Tensor:
        """Return what the normalisation divides by [notes, labels, 1]."""
        return (gathered.var(dim=-1, keepdim=True, correction=0) + self.norm.eps).sqrt()

    def _outputs(self, labels: Labels) -> Labels:
        """Return the rows of the output that are those of some labels."""
        return slice(None) if len(self.classifier.bias) == 1 else labels


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
