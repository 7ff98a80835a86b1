"""Attention times its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch

from clem_icd.explanation.methods.label_query_method import LabelQueryMethod
from clem_icd.explanation.spans import SpanRule
from clem_icd.modeling.heads import Encoded
from clem_icd.modeling.heads.label_queries import LabelQueries


class AttentionTimesGradient(LabelQueryMethod):
    """The attention of the label times the size of the gradient of the logit with respect to it.

    The gradient has a closed form in these heads, so it takes one forward pass and no backward pass. For
    label attention, weights are the sizes of `Contributions`.
    """

    default_rule: ClassVar[SpanRule | None] = SpanRule(cut=0.02, spread=0.25)
    kind: Literal["att-grad"] = "att-grad"

    def weights_of_head(self, head: LabelQueries, encoded: Encoded, labels: Sequence[int]) -> torch.Tensor:
        """Return the weights [notes, labels, tokens]."""
        return head.attention_times_gradient(encoded.hidden, encoded.mask, labels).abs()
