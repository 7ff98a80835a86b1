"""The attention of labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch

from clem_icd.explanation.methods.label_query_method import LabelQueryMethod
from clem_icd.explanation.spans import SpanRule
from clem_icd.modeling.heads import Encoded
from clem_icd.modeling.heads.label_queries import LabelQueries


class Attention(LabelQueryMethod):
    """The weight with which the label gathers each token.

    It says what the label looked at, not whether that spoke for or against it. It takes one forward pass.
    """

    default_rule: ClassVar[SpanRule | None] = SpanRule(cut=0.02, spread=0.25)
    kind: Literal["attention"] = "attention"

    def weights_of_head(self, head: LabelQueries, encoded: Encoded, labels: Sequence[int]) -> torch.Tensor:
        """Return the weights [notes, labels, tokens]."""
        return head.attention(encoded.hidden, encoded.mask, labels)
