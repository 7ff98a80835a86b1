"""Losses over logits and targets. A new kind is one class and one line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

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

    def reduced(self, terms: torch.Tensor) -> torch.Tensor:
        """Return the mean over notes of terms [notes, labels], of which a note has the mean, as a scalar."""
        return terms.mean()

    def share_of_label(self, labels: int) -> float:
        """Return the weight of one label in the loss of a note: 1 / labels in a mean, 1 in a sum."""
        return float(self.reduced(torch.ones(1, labels))) / labels


class LabelwiseLoss(Loss):
    """A loss with one term per note and label, which does not depend on other notes or labels.

    Attributes
    ----------
    reduction
        Whether the loss of a note is the mean or the sum of its terms. The loss of a batch is the mean over
        its notes either way, and never depends on their codes, so equal batches can be accumulated.

    """

    reduction: Literal["mean", "sum"] = "mean"

    def function(self, counts: npt.NDArray[np.int64]) -> LossFunction:
        """Return the reduced terms as a function; it computes in single precision or better."""
        weights = torch.from_numpy(self.weights(counts))

        def loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            precise = logits.to(torch.promote_types(logits.dtype, torch.float32))
            return self.reduced(self.terms(precise, targets.to(precise)) * weights.to(precise))

        return loss

    def reduced(self, terms: torch.Tensor) -> torch.Tensor:
        """Return the mean over notes of terms [notes, labels], of which a note has the mean or the sum."""
        return super().reduced(terms) if self.reduction == "mean" else terms.sum(dim=1).mean()

    def terms(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the terms before they are weighted [notes, labels]."""
        raise NotImplementedError

    def weights(self, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the weight of each label [labels]: 1, unless the loss balances labels."""
        return np.ones(len(counts))


class _CrossEntropy(LabelwiseLoss):
    def terms(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return -log p of a positive and -log(1 - p) of a negative [notes, labels]."""
        return binary_cross_entropy_with_logits(logits, targets, reduction="none")


class BinaryCrossEntropy(_CrossEntropy):
    """Binary cross-entropy; with the mean over labels, the loss of the stock Hugging Face classifier."""

    kind: Literal["bce"] = "bce"


class FocalLoss(LabelwiseLoss):
    """Cross-entropy times (1 - q)^gamma, where q is the probability of the truth (Lin et al. 2017).

    Attributes
    ----------
    gamma
        How strongly pairs that are already right are weighted down; 0 not at all.
    alpha
        Weight of positives, with 1 - alpha for negatives; None weights neither.

    """

    kind: Literal["focal"] = "focal"
    gamma: float = Field(default=2.0, ge=0)
    alpha: float | None = Field(default=None, gt=0, lt=1)

    def terms(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return -alpha (1 - q)^gamma log q [notes, labels]."""
        terms = _focal((2 * targets - 1) * logits, self.gamma)
        if self.alpha is None:
            return terms
        return terms * torch.where(targets > 0, self.alpha, 1 - self.alpha)


class AsymmetricLoss(LabelwiseLoss):
    """A focal loss that treats negatives differently, and ignores the easy ones (Ridnik et al. 2021).

    Attributes
    ----------
    gamma_positive, gamma_negative
        How strongly positives and negatives that are already right are weighted down.
    margin
        Subtracted from the probability of a negative, which leaves s = max(p - margin, 0). A negative with
        a probability below the margin has neither loss nor gradient.

    """

    kind: Literal["asymmetric"] = "asymmetric"
    gamma_positive: float = Field(default=0.0, ge=0)
    gamma_negative: float = Field(default=4.0, ge=0)
    margin: float = Field(default=0.05, ge=0, lt=1)

    def terms(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the focal terms of positives, and those of negatives on s [notes, labels]."""
        return torch.where(targets > 0, _focal(logits, self.gamma_positive), self._negatives(logits))

    def _negatives(self, logits: torch.Tensor) -> torch.Tensor:
        """Return -s^gamma_negative log(1 - s)."""
        # A power of exactly 0 could have an infinite gradient.
        tiny = torch.finfo(logits.dtype).tiny
        shifted = (logits.sigmoid() - self.margin).clamp(min=tiny)
        # 1 - s = min(1 - p + margin, 1), from the logarithm of 1 - p: p itself rounds to 1.
        margin = logits.new_tensor(self.margin)
        logarithm = torch.logaddexp(logsigmoid(-logits), margin.log()).clamp(max=0)
        return -(shifted**self.gamma_negative) * logarithm


class ClassBalancedLoss(_CrossEntropy):
    """Binary cross-entropy, weighted by the inverse effective number of a label's notes (Cui et al. 2019).

    The effective number of n notes is (1 - beta^n) / (1 - beta). The weights are scaled to a mean of 1 over
    the labels with a training note. A label without one has the weight 1: it has no positives to balance.

    Attributes
    ----------
    beta
        0 weights all labels alike; close to 1, a label is weighted by the inverse of its notes.

    """

    kind: Literal["class-balanced"] = "class-balanced"
    beta: float = Field(default=0.999, ge=0, lt=1)

    def weights(self, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the weight of each label [labels]."""
        weights, trained = np.ones(len(counts)), counts > 0
        if trained.any():
            inverse = (1 - self.beta) / (1 - self.beta ** counts[trained])
            weights[trained] = inverse / inverse.mean()
        return weights


def _focal(logits: torch.Tensor, gamma: float) -> torch.Tensor:
    """Return -(1 - p)^gamma log p; from logarithms, so that large logits have finite gradients."""
    return -(gamma * logsigmoid(-logits)).exp() * logsigmoid(logits)


LOSSES: Choices[Loss] = Choices("loss", default="bce")
LOSSES.register(BinaryCrossEntropy)
LOSSES.register(FocalLoss)
LOSSES.register(AsymmetricLoss)
LOSSES.register(ClassBalancedLoss)
