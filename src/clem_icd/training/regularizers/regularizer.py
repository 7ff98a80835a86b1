"""The interface of regularizers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch.nn.parallel import DistributedDataParallel
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from clem_icd.fields import Choice
from clem_icd.modeling.heads import Head
from clem_icd.modeling.losses import LossFunction
from clem_icd.training.objective import Batch

Penalty = Callable[[Any, Batch], tuple[Any, torch.Tensor]]
"""Passes a batch through a model in training; returns its outputs, and the weighted term as a scalar.

Like a loss, the term is the mean over the notes of the batch of what each note has by itself.
"""


def unwrapped(model: Any) -> Any:
    """Return the model without the wrapper of distributed training, if it has one."""
    return model.module if isinstance(model, DistributedDataParallel) else model


class Regularizer(Choice):
    """A term of the loss in training; its fields are its settings.

    Attributes
    ----------
    needs_evidence
        Whether batches must have the ``evidence`` of their notes.
    differentiates_twice
        Whether it takes gradients of gradients, which fused attention and gradient checkpointing do not give.
    distills
        Whether the term replaces the loss, and compares with the model that training starts from.

    """

    needs_evidence: ClassVar[bool] = False
    differentiates_twice: ClassVar[bool] = False
    distills: ClassVar[bool] = False

    def require_head(self, head: Head) -> None:
        """Refuse a head that the term is not defined for.

        Raises
        ------
        ValueError
            If it is not.

        """

    def penalty(
        self,
        loss: LossFunction,
        tokenizer: PreTrainedTokenizerBase,
        teacher: PreTrainedModel | None,
        share_of_label: float,
    ) -> Penalty:
        """Return the term as a function of a model and a batch.

        Parameters
        ----------
        loss
            The loss of the architecture.
        tokenizer
            The tokenizer of the model.
        teacher
            The model that training starts from, in evaluation mode; None unless the regularizer distills.
        share_of_label
            The weight of one label in the loss of a note: 1 / labels in a mean over labels, 1 in a sum.

        Raises
        ------
        ModelError
            If the tokenizer lacks a token that is needed.

        """
        raise NotImplementedError
