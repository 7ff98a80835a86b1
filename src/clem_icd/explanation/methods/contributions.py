"""The exact split of a logit over the tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch

from clem_icd.explanation.methods.label_query_method import LabelQueryMethod
from clem_icd.explanation.spans import SpanRule
from clem_icd.modeling.heads import Encoded
from clem_icd.modeling.heads.label_queries import LabelQueries


class Contributions(LabelQueryMethod):
    """What each token adds to the logit: its attention times the product of its value with the label's row.

    Weights are signed, and sum to the logit less a constant of the label, special tokens included. For label
    cross-attention, this holds given the deviation that the normalisation found in the note. It takes one
    forward pass.
    """

    default_rule: ClassVar[SpanRule | None] = SpanRule(cut=0.01, spread=0.25)
    kind: Literal["contributions"] = "contributions"

    def weights_of_head(self, head: LabelQueries, encoded: Encoded, labels: Sequence[int]) -> torch.Tensor:
        """Return the weights [notes, labels, tokens]."""
        return head.contributions(encoded.hidden, encoded.mask, labels)
