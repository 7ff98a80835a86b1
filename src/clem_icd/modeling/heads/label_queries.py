"""Heads in which each label has a query that gathers tokens of the note."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, cast

import torch
from pydantic import Field
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from clem_icd.modeling.heads.encoder_with_head import TokenHead
from clem_icd.modeling.labels import LabelSpace
from clem_icd.modeling.titles import mean_of_category, require_titles, title_vectors

STANDARD_DEVIATION = 0.03
"""Of the random weights in the heads of PLM-ICD and BL-5."""


Labels = slice | Sequence[int]
"""Some labels, by their positions."""


class LabelQueries(torch.nn.Module):
    """A query per label, which gathers one vector per label from the tokens of a note.

    Parameters
    ----------
    width, labels
        The width of the encoder's vectors, and the number of labels.
    dropout
        Dropout of the token vectors and of the gathered vectors.

    """

    def __init__(self, width: int, labels: int, *, dropout: float) -> None:
        super().__init__()
        self.queries = torch.nn.Parameter(torch.randn(labels, width) * STANDARD_DEVIATION)
        self.dropout = torch.nn.Dropout(dropout)

    def keys(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return what queries are compared with [notes, tokens, width]."""
        raise NotImplementedError

    def values(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return what labels gather [notes, tokens, width]."""
        raise NotImplementedError

    def scores(self, gathered: torch.Tensor, labels: Labels) -> torch.Tensor:
        """Return the logits [notes, labels] of what some labels gathered [notes, labels, width]."""
        raise NotImplementedError

    def directions(self, gathered: torch.Tensor, labels: Sequence[int]) -> torch.Tensor:
        """Return vectors whose products with what some labels gathered are their logits less a constant.

        The constant of a label is the same for every note. Each argument and result is [notes, labels,
        width].
        """
        raise NotImplementedError

    def slopes(self, gathered: torch.Tensor, labels: Sequence[int]) -> torch.Tensor:
        """Return the gradients of logits with respect to what some labels gathered.

        They are the directions, unless these depend on what was gathered. Each argument and result is [notes,
        labels, width].
        """
        return self.directions(gathered, labels)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the logits [notes, labels]."""
        return self.logits(hidden, mask)

    def logits(self, hidden: torch.Tensor, mask: torch.Tensor, labels: Labels = slice(None)) -> torch.Tensor:
        """Return the logits of all labels or of some [notes, labels]."""
        gathered = self.gather(self.dropout(hidden), mask, labels)
        return self.scores(self.dropout(gathered), labels)

    def gather(self, hidden: torch.Tensor, mask: torch.Tensor, labels: Labels = slice(None)) -> torch.Tensor:
        """Return the vector of each label, of all or of some [notes, labels, width].

        The weights of all labels and tokens are never held at once: for a full code set and a long note, they
        would take gigabytes.
        """
        keys, values = self.keys(hidden), self.values(hidden)
        queries = self.queries[labels].to(keys.dtype).expand(keys.shape[0], 1, -1, -1)
        gathered = torch.nn.functional.scaled_dot_product_attention(
            queries, keys[:, None], values[:, None], attn_mask=mask[:, None, None] != 0, scale=1.0
        )
        return gathered[:, 0]

    def logits_of(self, hidden: torch.Tensor, mask: torch.Tensor, labels: Sequence[int]) -> torch.Tensor:
        """Return the logits that `forward` gives some labels in evaluation mode [notes, labels]."""
        return self.logits(hidden, mask, list(labels))

    def attention(self, hidden: torch.Tensor, mask: torch.Tensor, labels: Sequence[int]) -> torch.Tensor:
        """Return the weights with which some labels gather tokens [notes, labels, tokens]; they sum to 1."""
        keys = self.keys(hidden)
        scores = torch.einsum("ld,ntd->nlt", self.queries[list(labels)].to(keys.dtype), keys)
        # In half precision, weights of thousands of tokens would not sum to 1.
        precision = torch.promote_types(scores.dtype, torch.float32)
        return scores.masked_fill(mask[:, None] == 0, -torch.inf).softmax(dim=-1, dtype=precision)

    def contributions(self, hidden: torch.Tensor, mask: torch.Tensor, labels: Sequence[int]) -> torch.Tensor:
        """Return what each token adds to some logits [notes, labels, tokens].

        Over tokens they sum to the logit less a constant of the label. They are not those of a head in
        training, which drops vectors.
        """
        return self._products(hidden, mask, labels, self.directions)

    def attention_times_gradient(
        self, hidden: torch.Tensor, mask: torch.Tensor, labels: Sequence[int]
    ) -> torch.Tensor:
        """Return the attention of some labels times the gradient of their logits with respect to it.

        The gradient is that of the weights after the softmax [notes, labels, tokens].
        """
        return self._products(hidden, mask, labels, self.slopes)

    def _products(
        self,
        hidden: torch.Tensor,
        mask: torch.Tensor,
        labels: Sequence[int],
        vectors_of: Callable[[torch.Tensor, Sequence[int]], torch.Tensor],
    ) -> torch.Tensor:
        """Return the attention times the product of each token's value with a vector of the label."""
        weights = self.attention(hidden, mask, labels)
        values = self.values(hidden).to(weights.dtype)
        vectors = vectors_of(weights @ values, list(labels))
        return weights * (vectors.to(weights.dtype) @ values.transpose(1, 2))


class LabelQueriesHead(TokenHead):
    """A head in which each label has a query.

    Attributes
    ----------
    dropout
        Dropout of the token vectors and of the vectors of the labels.

    """

    dropout: float = Field(default=0.0, ge=0, lt=1)

    def bias(self, model: PreTrainedModel) -> torch.nn.Parameter:
        """Return the bias of the logits [labels]."""
        return model.get_parameter("head.classifier.bias")


class TitledQueriesHead(LabelQueriesHead):
    """A head whose queries may start from titles.

    Attributes
    ----------
    start
        The initial queries: random; from the titles of the codes; or, so that the codes of a category start
        alike, from the mean over the titles of the category.

    """

    start: Literal["random", "titles", "category"] = "random"

    def require_labels(self, labels: LabelSpace) -> None:
        """Refuse labels without titles if the queries start from titles."""
        if self.start != "random":
            require_titles(labels, f"head.start={self.start}")

    def initialize(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, labels: LabelSpace
    ) -> None:
        """Set the bias from the label frequencies and the queries from titles, if the fields say so."""
        super().initialize(model, tokenizer, labels)
        if self.start == "random":
            return
        encoder = cast(PreTrainedModel, model.base_model)
        known, vectors = title_vectors(encoder, tokenizer, labels.titles)
        if self.start == "category":
            vectors = mean_of_category([labels.codes[label] for label in known], vectors)
        with torch.no_grad():
            self._start_from(model, known, vectors)

    def _start_from(self, model: PreTrainedModel, known: Sequence[int], vectors: torch.Tensor) -> None:
        """Set the weights of the labels that have a title.

        Parameters
        ----------
        model
            The model, whose head is random.
        known
            The labels that have a title.
        vectors
            The vector of each title [known, width].

        """
        queries = model.get_parameter("head.queries")
        queries[list(known)] = vectors.to(queries)
