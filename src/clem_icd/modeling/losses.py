"""Losses over logits and targets. A new one is a class and a line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from clem_icd.fields import Choice, Choices

LossFunction = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Takes logits and targets, 0 or 1 [notes, labels], and returns a scalar: the mean over the batch's notes."""


class Loss(Choice):
    """What a training minimises."""

    def function(self, counts: npt.NDArray[np.int64]) -> LossFunction:
        """Return the loss for a label space.

        Parameters
        ----------
        counts
            Number of training notes that have each label [labels].

        """
        raise NotImplementedError


class BinaryCrossEntropy(Loss):
    """Binary cross-entropy, the mean over notes and labels, as in the stock Hugging Face classifier."""

    kind: Literal["bce"] = "bce"

    def function(self, counts: npt.NDArray[np.int64]) -> LossFunction:
        """Return the loss; it does not depend on the counts."""
        return torch.nn.functional.binary_cross_entropy_with_logits


LOSSES: Choices[Loss] = Choices("loss", default="bce")
LOSSES.register(BinaryCrossEntropy)
