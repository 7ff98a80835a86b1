"""Losses over logits and targets. A new kind is one class and one line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from clem_icd.fields import Choice, Choices

LossFunction = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Maps logits and 0/1 targets [notes, labels] to a scalar, the mean over the notes of the batch."""


class Loss(Choice):
    """The function that training minimises."""

    def function(self, counts: npt.NDArray[np.int64]) -> LossFunction:
        """Return the loss for a label space.

        Parameters
        ----------
        counts
            Number of training notes with each label [labels].

        """
        raise NotImplementedError


class BinaryCrossEntropy(Loss):
    """Binary cross-entropy, the mean over notes and labels, as in the stock Hugging Face classifier."""

    kind: Literal["bce"] = "bce"

    def function(self, counts: npt.NDArray[np.int64]) -> LossFunction:
        """Return the loss, which does not depend on the counts."""
        return torch.nn.functional.binary_cross_entropy_with_logits


LOSSES: Choices[Loss] = Choices("loss", default="bce")
LOSSES.register(BinaryCrossEntropy)
