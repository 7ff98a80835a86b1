"""Supervised attention: each label should attend to the tokens that coders marked as its evidence."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from clem_icd.modeling.heads import Head
from clem_icd.modeling.heads.label_queries import LabelQueries, LabelQueriesHead
from clem_icd.modeling.losses import LossFunction
from clem_icd.training.objective import Batch, passed
from clem_icd.training.regularizers.regularizer import Penalty, Regularizer, unwrapped

LABELS_PER_DIVERGENCE = 10
"""The number of labels whose weight in the loss the divergence of a note has, by default."""


class SupervisedAttention(Regularizer):
    """Adds the divergence of label attention from evidence (MDACE, Cheng et al. 2023; Edin et al. 2024).

    Attributes
    ----------
    weight
        The weight of the divergence. None: that of `LABELS_PER_DIVERGENCE` labels in the loss.

    """

    kind: Literal["supervised-attention"] = "supervised-attention"
    weight: float | None = Field(default=None, gt=0)

    needs_evidence: ClassVar[bool] = True

    def require_head(self, head: Head) -> None:
        """Refuse a head without a query per label, or one whose labels learn later."""
        if not isinstance(head, LabelQueriesHead) or head.preparatory_epochs:
            raise ValueError(
                f"training.regularizer {self.kind} needs labels that attend to tokens from the first epoch, "
                f"which head {head.kind} does not have; set head=label-attention or "
                "head=label-cross-attention"
            )

    def penalty(
        self,
        loss: LossFunction,
        tokenizer: PreTrainedTokenizerBase,
        teacher: PreTrainedModel | None,
        share_of_label: float,
    ) -> Penalty:
        """Return the weighted mean over notes of `divergence_from_evidence`."""
        weight = LABELS_PER_DIVERGENCE * share_of_label if self.weight is None else self.weight

        def term(model: Any, batch: Batch) -> tuple[Any, torch.Tensor]:
            head = unwrapped(model).get_submodule("head")
            seen: list[tuple[torch.Tensor, torch.Tensor]] = []
            watching = head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs))
            try:
                outputs = passed(model, batch)
            finally:
                watching.remove()
            [(hidden, mask)] = seen
            tokens = batch["attention_mask"].reshape(len(mask), -1)
            found = divergence_from_evidence(head, hidden, mask, tokens, batch["evidence"])
            return outputs, weight * found.mean()

        return term


def divergence_from_evidence(
    head: LabelQueries, hidden: torch.Tensor, mask: torch.Tensor, tokens: torch.Tensor, evidence: torch.Tensor
) -> torch.Tensor:
    """Return the divergence of label attention from the evidence of each note [notes].

    Evidence is the uniform distribution e over the k tokens of a label, and a the attention of the label
    without dropout. KL(e, a) is -log k minus the mean of log a over these tokens. A note has the mean over
    its labels with evidence, and 0 without one. Only these labels are computed.

    Parameters
    ----------
    head
        The head.
    hidden, mask
        What the head receives: vectors [notes, places, width], and which places it reads [notes, places].
    tokens
        Which places hold the tokens of the note, in order [notes, places].
    evidence
        Note, label and token of each piece of evidence [pieces, 3]; tokens are counted as they are read.

    """
    # In single precision or better: the logarithm of a small weight decides.
    hidden = hidden.to(torch.promote_types(hidden.dtype, head.queries.dtype))
    found = hidden.new_zeros(len(hidden))
    for note in sorted(set(evidence[:, 0].tolist())):
        own = evidence[evidence[:, 0] == note]
        labels, rows = own[:, 1].unique(return_inverse=True)  # type: ignore[no-untyped-call]
        counts = rows.bincount()
        places = tokens[note].nonzero()[:, 0][own[:, 2]]
        logarithms = _log_attention(head, hidden[note], mask[note], labels)
        sums = logarithms.new_zeros(len(labels)).index_add(0, rows, logarithms[rows, places])
        found[note] = (-counts.log() - sums / counts).mean()
    return found


def _log_attention(
    head: LabelQueries, hidden: torch.Tensor, mask: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """Return the logarithms of `LabelQueries.attention` for some labels of a note [labels, places].

    The weights themselves may round to 0.
    """
    scores = head.queries[labels] @ head.keys(hidden).T
    return scores.masked_fill(mask == 0, -torch.inf).log_softmax(dim=-1)
