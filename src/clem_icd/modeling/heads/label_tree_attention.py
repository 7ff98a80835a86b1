"""Label attention that learns chapters, blocks, categories and codes one level after the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import log
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field, PositiveInt
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from clem_icd.errors import ModelError
from clem_icd.modeling.heads.encoder_with_head import EncoderWithHeadConfig
from clem_icd.modeling.heads.label_attention import KeyedQueriesHead, LabelAttention
from clem_icd.modeling.label_tree import LEVELS, LabelTree, has_hierarchy
from clem_icd.modeling.labels import LabelSpace
from clem_icd.modeling.losses import Loss, LossFunction

NOT_A_CANDIDATE = -9.0
"""The logit of a code that is not a candidate, as in XR-LAT: a probability of 0.0001."""

# The logit that stands for a node without a loss: the loss of a negative is then zero to single precision.
_WITHOUT_LOSS = -30.0


class LabelTreeAttention(LabelAttention):
    """Label attention over all nodes of a tree, of which some levels have begun.

    A node is a candidate if its parent is predicted. A node is predicted if it is a candidate whose
    probability exceeds the threshold, or the most probable candidate of its level, so that every note has
    candidates at every level.

    Parameters
    ----------
    width
        The width of the encoder's vectors.
    tree
        The nodes; they are in the order of `LabelTree.sizes`, so the labels come last.
    tanh_keys, dropout
        As in `LabelAttention`.
    threshold
        The probability above which a node is predicted.

    """

    parents: torch.Tensor
    level: torch.Tensor

    def __init__(
        self, width: int, tree: LabelTree, *, tanh_keys: bool, dropout: float, threshold: float
    ) -> None:
        super().__init__(width, sum(tree.sizes), tanh_keys=tanh_keys, dropout=dropout)
        self.sizes = list(tree.sizes)
        self.cut = log(threshold / (1 - threshold))
        self.register_buffer("parents", torch.tensor([one for level in tree.parents for one in level]))
        # Saved with the weights, so that a resumed run does not begin a level twice.
        self.register_buffer("level", torch.tensor(0))

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the logits.

        In training, they are those of all nodes, and -inf for nodes that are not candidates or whose level
        has not begun [notes, nodes]. Otherwise they are those of the labels, and `NOT_A_CANDIDATE` for labels
        that are not candidates [notes, labels]. Before the level of the codes begins, a label has the logit
        of its ancestor in the current level, from which it will start.
        """
        levels = self._levels(hidden, mask)
        if self.training:
            rest = sum(self.sizes[len(levels) :])
            return torch.nn.functional.pad(torch.cat(levels, dim=1), (0, rest), value=-torch.inf)
        found = levels[-1][:, self._ancestors()]
        return found.masked_fill(found.isneginf(), NOT_A_CANDIDATE)

    def logits_of(self, hidden: torch.Tensor, mask: torch.Tensor, labels: Sequence[int]) -> torch.Tensor:
        """Return the logits of some labels, and `NOT_A_CANDIDATE` for those that are not candidates."""
        logits = self.logits(hidden, mask, self._nodes(labels))
        return torch.where(self._are_candidates(hidden, mask, labels), logits, NOT_A_CANDIDATE)

    def attention(self, hidden: torch.Tensor, mask: torch.Tensor, labels: Sequence[int]) -> torch.Tensor:
        """Return the weights with which some labels gather tokens [notes, labels, tokens].

        They sum to 1, or are all 0 for a label that is not a candidate.
        """
        weights = super().attention(hidden, mask, self._nodes(labels))
        return weights * self._are_candidates(hidden, mask, labels)[..., None]

    def directions(self, gathered: torch.Tensor, labels: Sequence[int]) -> torch.Tensor:
        """Return the rows of some labels [notes, labels, width]; the constant is the bias."""
        return super().directions(gathered, self._nodes(labels))

    @torch.no_grad()
    def begin(self, level: int, *, with_bias: bool) -> None:
        """Begin the levels up to a level: their nodes start from their parents' queries and rows.

        Parameters
        ----------
        level
            The level, 0 for chapters. Nothing happens if it has begun already.
        with_bias
            Whether the biases start from the parents' as well.

        """
        started = (self.queries, self.classifier.weight, *([self.classifier.bias] if with_bias else []))
        for depth in range(int(self.level), level):
            for weights in started:
                nodes = torch.split(weights, self.sizes)
                nodes[depth + 1].copy_(nodes[depth][self._parents()[depth]])
        self.level.clamp_(min=level)

    def _levels(self, hidden: torch.Tensor, mask: torch.Tensor) -> list[torch.Tensor]:
        """Return the logits of each level that has begun, with -inf for nodes that are not candidates."""
        sizes = self.sizes[: int(self.level) + 1]
        logits = self.logits(hidden, mask, slice(sum(sizes)))
        return self._candidates(torch.split(logits, sizes, dim=1))

    def _ancestors(self) -> torch.Tensor:
        """Return the node of each label in the current level, within that level [labels]."""
        found = torch.arange(self.sizes[-1], device=self.parents.device)
        for parents in reversed(self._parents()[int(self.level) :]):
            found = parents[found]
        return found

    def _nodes(self, labels: Sequence[int]) -> list[int]:
        """Return the nodes from which some labels have their logits."""
        first = sum(self.sizes[: int(self.level)])
        return (first + self._ancestors()[list(labels)]).tolist()

    @torch.no_grad()
    def _are_candidates(
        self, hidden: torch.Tensor, mask: torch.Tensor, labels: Sequence[int]
    ) -> torch.Tensor:
        """Return which labels are candidates [notes, labels]."""
        current = self._levels(hidden, mask)[-1]
        return ~current[:, self._ancestors()[list(labels)]].isneginf()

    def _parents(self) -> tuple[torch.Tensor, ...]:
        """Return the parents of the nodes of each level after the first, within the level above."""
        return torch.split(self.parents, self.sizes[1:])

    def _candidates(self, levels: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Return the logits of each level, with -inf for nodes that are not candidates."""
        found = [levels[0]]
        for logits, parents in zip(levels[1:], self._parents(), strict=False):
            above = found[-1].detach()
            predicted = (above > self.cut) | (above == above.amax(dim=1, keepdim=True))
            found.append(logits.masked_fill(~predicted[:, parents], -torch.inf))
        return found


class LabelTreeAttentionHead(KeyedQueriesHead):
    """Label attention, trained from chapters down to codes (XR-LAT, Liu et al. 2023).

    When a level begins, its nodes start from their parents' queries, rows and biases. Only candidates have a
    loss, that is, children of nodes which the model itself predicts; gold codes make no candidates. The
    levels above go on learning, because one encoder has to find the candidates of all levels.

    Attributes
    ----------
    candidate_threshold
        The probability above which a node is predicted, so that its children are candidates.
    level_epochs
        How many epochs chapters, blocks and categories learn before the next level begins.

    """

    kind: Literal["label-tree-attention"] = "label-tree-attention"
    candidate_threshold: float = Field(default=0.5, gt=0, lt=1)
    level_epochs: tuple[PositiveInt, PositiveInt, PositiveInt] = (1, 1, 2)

    @property
    def preparatory_epochs(self) -> int:
        """The epochs before the codes begin."""
        return sum(self.level_epochs)

    def require_labels(self, labels: LabelSpace) -> None:
        """Refuse labels of which none is in a chapter."""
        if not has_hierarchy(labels.codes):
            systems = " and ".join(sorted({code.system.value for code in labels.codes}))
            raise ModelError(
                f"the head {self.kind} needs a hierarchy, but none of the {len(labels.codes):,} codes "
                f"({systems}) is in a chapter of its code system",
                remedy="Set head=label-attention, or check the code systems of the corpus",
            )

    def config_fields(self, labels: LabelSpace) -> dict[str, Any]:
        """Return the tree of the labels."""
        return {"label_tree": [list(parents) for parents in LabelTree.of(labels.codes).parents]}

    def module_of(self, config: EncoderWithHeadConfig, width: int) -> torch.nn.Module:
        """Return the module that computes the logits."""
        if config.label_tree is None:
            raise ValueError("config.label_tree is missing")
        return LabelTreeAttention(
            width,
            LabelTree(tuple(tuple(parents) for parents in config.label_tree)),
            tanh_keys=self.keys == "tanh",
            dropout=self.dropout,
            threshold=self.candidate_threshold,
        )

    def initialize(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, labels: LabelSpace
    ) -> None:
        """Set the biases of all nodes from the label frequencies, if the fields say so."""
        if self.prior_bias:
            # Of a chapter with many frequent codes, the product rounds to 1.
            least = 0.5 / (labels.notes + 1)
            frequencies = LabelTree.of(labels.codes).frequencies(labels.frequencies).clip(least, 1 - least)
            with torch.no_grad():
                self.bias(model).copy_(torch.from_numpy(np.log(frequencies / (1 - frequencies))))

    def begin_epoch(self, model: PreTrainedModel, epoch: int) -> str | None:
        """Begin the level whose first epoch this is."""
        level = sum(epoch >= end for end in accumulate(self.level_epochs))
        head = model.get_submodule("head")
        if not isinstance(head, LabelTreeAttention):
            raise TypeError(f"{type(head).__name__} has no levels")
        if level <= int(head.level):
            return None
        head.begin(level, with_bias=not self.prior_bias)
        return f"Now learning the level {LEVELS[level]} as well: {head.sizes[level]:,} nodes"

    def loss_function(self, loss: Loss, labels: LabelSpace) -> LossFunction:
        """Return the loss over the candidates among the nodes in training, and over the labels otherwise."""
        tree = LabelTree.of(labels.codes)
        counts = np.rint(tree.frequencies(labels.counts / labels.notes) * labels.notes).astype(np.int64)
        of_labels, of_nodes = loss.function(labels.counts), loss.function(counts)

        def function(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            if logits.shape[1] == targets.shape[1]:
                return of_labels(logits, targets)
            # The loss of a note is divided by the number of all nodes, so that it does not depend on how many
            # are candidates and its scale does not change when a level begins.
            scored = ~logits.isneginf()
            of_candidates = torch.where(scored, logits, _WITHOUT_LOSS)
            return of_nodes(of_candidates, node_targets(tree, targets) * scored)

        return function

    def validation_metrics(
        self, logits: npt.NDArray[np.float32], targets: npt.NDArray[np.bool_]
    ) -> dict[str, float]:
        """Return the share of gold codes that are candidates, and the number of candidates per note."""
        candidates = logits != NOT_A_CANDIDATE
        return {
            "candidate_recall": float(candidates[targets].mean()),
            "candidates_per_note": float(candidates.sum(axis=1).mean()),
        }


def node_targets(tree: LabelTree, targets: torch.Tensor) -> torch.Tensor:
    """Return which nodes are true of notes, from their labels: the labels and all their ancestors.

    Parameters
    ----------
    tree
        The tree of the label space.
    targets
        0/1 [notes, labels].

    Returns
    -------
    Tensor
        0/1, from the chapters on [notes, nodes].

    """
    levels = [targets]
    for size, parents in zip(reversed(tree.sizes[:-1]), reversed(tree.parents), strict=True):
        above = targets.new_zeros(len(targets), size)
        above.index_add_(1, torch.tensor(parents, device=targets.device), levels[0])
        levels.insert(0, (above > 0).to(targets))
    return torch.cat(levels, dim=1)
