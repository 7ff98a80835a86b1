"""Each loss is the published formula, and its gradients stay finite."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from clem_icd.modeling.losses import (
    LOSSES,
    AsymmetricLoss,
    BinaryCrossEntropy,
    ClassBalancedLoss,
    FocalLoss,
    LabelwiseLoss,
)

LOSSES_HERE: list[LabelwiseLoss] = [
    BinaryCrossEntropy(),
    FocalLoss(),
    FocalLoss(gamma=0.5, alpha=0.25),
    AsymmetricLoss(),
    AsymmetricLoss(gamma_positive=0.3, gamma_negative=0.5, margin=0),
    AsymmetricLoss(gamma_positive=1, gamma_negative=0.5, margin=0.2),
    ClassBalancedLoss(beta=0.9),
]
each_loss = pytest.mark.parametrize("loss", LOSSES_HERE, ids=str)

COUNTS = np.array([1, 2, 0, 40, 7])
# The logits of the probabilities 3/4 and 1/4.
UP, DOWN = log(3), -log(3)


def value(
    loss: LabelwiseLoss,
    logits: torch.Tensor | list[list[float]],
    targets: torch.Tensor | list[list[float]],
    counts: NDArray[np.int64] = COUNTS,
) -> torch.Tensor:
    rows = torch.as_tensor(logits, dtype=torch.float64)
    return loss.function(counts[: rows.shape[1]])(rows, torch.as_tensor(targets, dtype=torch.float64))


def of_one(loss: LabelwiseLoss, logit: float, target: float) -> float:
    """Return the loss of one note with one label."""
    return value(loss, [[logit]], [[target]]).item()


def a_batch(notes: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(notes)
    shape = (notes, len(COUNTS))
    logits = 4 * torch.randn(shape, generator=random, dtype=torch.float64)
    return logits, (torch.rand(shape, generator=random) < 0.4).double()


def test_every_registered_loss_is_tested_here() -> None:
    assert {loss.kind for loss in LOSSES_HERE} == {
        kind for kind in LOSSES.kinds if not kind.startswith("toy-")
    }


# --- closed forms ------------------------------------------------------------------------------------------


def test_cross_entropy_of_known_probabilities() -> None:
    assert of_one(BinaryCrossEntropy(), UP, 1) == pytest.approx(log(4 / 3))
    assert of_one(BinaryCrossEntropy(), UP, 0) == pytest.approx(log(4))
    found = value(BinaryCrossEntropy(), [[UP, DOWN], [0, 0]], [[1, 0], [1, 0]])
    assert found.item() == pytest.approx((2 * log(4 / 3) + 2 * log(2)) / 4)


def test_focal_of_known_probabilities() -> None:
    # The truth has probability 3/4, then 1/4.
    assert of_one(FocalLoss(gamma=2), UP, 1) == pytest.approx(log(4 / 3) / 16)
    assert of_one(FocalLoss(gamma=2), UP, 0) == pytest.approx(9 / 16 * log(4))
    assert of_one(FocalLoss(gamma=2, alpha=0.25), UP, 1) == pytest.approx(log(4 / 3) / 64)
    assert of_one(FocalLoss(gamma=2, alpha=0.25), UP, 0) == pytest.approx(27 / 64 * log(4))


def test_asymmetric_of_known_probabilities() -> None:
    loss = AsymmetricLoss(gamma_positive=1, gamma_negative=2, margin=0.25)
    assert of_one(loss, UP, 1) == pytest.approx(log(4 / 3) / 4)
    # A margin of 1/4 leaves 1/2 of 3/4.
    assert of_one(loss, UP, 0) == pytest.approx(log(2) / 4)
    # Without a margin.
    loss = AsymmetricLoss(gamma_positive=1, gamma_negative=2, margin=0)
    assert of_one(loss, UP, 0) == pytest.approx(9 / 16 * log(4))
    # However wrong, a negative costs no more than the margin allows.
    assert of_one(AsymmetricLoss(gamma_negative=0, margin=0.05), 100, 0) == pytest.approx(log(20))


def test_a_negative_below_the_margin_has_neither_loss_nor_gradient() -> None:
    logits = torch.tensor([[DOWN, 0.0]], requires_grad=True)
    found = AsymmetricLoss(margin=0.3).function(COUNTS[:2])(logits, torch.zeros(1, 2))
    [gradient] = torch.autograd.grad(found, logits)
    assert of_one(AsymmetricLoss(margin=0.3), DOWN, 0) == 0
    assert gradient[0, 0] == 0
    assert gradient[0, 1] > 0


def test_class_balanced_weights_are_inverse_effective_numbers() -> None:
    # 1, 2 and 3 notes count as 1, 3/2 and 7/4; the mean of 1, 2/3 and 4/7 is 47/63.
    weights = ClassBalancedLoss(beta=0.5).weights(np.array([1, 2, 0, 3]))
    assert weights == pytest.approx([63 / 47, 42 / 47, 1, 36 / 47])
    found = value(ClassBalancedLoss(beta=0.5), [[UP, 0]], [[1, 0]], np.array([1, 2]))
    assert found.item() == pytest.approx((6 / 5 * log(4 / 3) + 4 / 5 * log(2)) / 2)


def test_class_balanced_weights_approach_inverse_counts_and_may_have_no_notes() -> None:
    counts = np.array([1, 10, 100])
    almost = ClassBalancedLoss(beta=1 - 1e-9).weights(counts)
    assert almost / almost[0] == pytest.approx([1, 0.1, 0.01])
    assert ClassBalancedLoss().weights(np.zeros(3, dtype=np.int64)).tolist() == [1, 1, 1]
    assert ClassBalancedLoss().weights(COUNTS).mean() == pytest.approx(1)


# --- how losses relate -------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "focal", "gamma": 0},
        {"kind": "asymmetric", "gamma_positive": 0, "gamma_negative": 0, "margin": 0},
        {"kind": "class-balanced", "beta": 0},
    ],
    ids=lambda fields: fields["kind"],
)
def test_without_focus_margin_or_balance_a_loss_is_cross_entropy(
    fields: dict[str, object], reduction: str
) -> None:
    logits, targets = a_batch()
    logits[0, :2], targets[0, :2] = torch.tensor([100.0, -100.0]), torch.tensor([0.0, 1.0])
    losses = [LOSSES.parse({**one, "reduction": reduction}) for one in (fields, {"kind": "bce"})]
    own, plain = (loss.function(COUNTS)(logits, targets) for loss in losses if loss is not None)
    torch.testing.assert_close(own, plain)


def test_asymmetric_with_equal_gammas_and_no_margin_is_focal() -> None:
    both = AsymmetricLoss(gamma_positive=1.5, gamma_negative=1.5, margin=0)
    torch.testing.assert_close(value(both, *a_batch()), value(FocalLoss(gamma=1.5), *a_batch()))


def test_cross_entropy_is_that_of_the_stock_classifier() -> None:
    logits, targets = a_batch()
    stock = torch.nn.BCEWithLogitsLoss()(logits.float(), targets.float())
    assert BinaryCrossEntropy().function(COUNTS)(logits.float(), targets.float()) == stock


@each_loss
def test_the_sum_is_the_mean_times_the_number_of_labels(loss: LabelwiseLoss) -> None:
    summed = loss.model_copy(update={"reduction": "sum"})
    torch.testing.assert_close(value(summed, *a_batch()), len(COUNTS) * value(loss, *a_batch()))


@each_loss
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_equal_batches_accumulate_to_the_loss_of_all_notes(loss: LabelwiseLoss, reduction: str) -> None:
    loss = loss.model_copy(update={"reduction": reduction})
    logits, targets = a_batch()
    # One of the two batches has no codes at all.
    targets[:3] = 0
    parts = [value(loss, logits[rows], targets[rows]) for rows in (slice(3), slice(3, 6))]
    torch.testing.assert_close((parts[0] + parts[1]) / 2, value(loss, logits, targets))


@each_loss
def test_the_order_of_notes_and_labels_does_not_matter(loss: LabelwiseLoss) -> None:
    logits, targets = a_batch()
    notes, labels = torch.tensor([3, 1, 5, 0, 2, 4]), [4, 2, 0, 1, 3]
    other_logits, other_targets = (part[notes][:, labels] for part in (logits, targets))
    found = value(loss, other_logits, other_targets, COUNTS[labels])
    torch.testing.assert_close(found, value(loss, logits, targets))


# --- numbers -----------------------------------------------------------------------------------------------


@each_loss
def test_gradients_are_those_of_finite_differences(loss: LabelwiseLoss) -> None:
    logits, targets = a_batch()
    function = loss.function(COUNTS)
    assert torch.autograd.gradcheck(lambda x: function(x, targets), logits.requires_grad_())


@each_loss
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("size", [100, 1e4])
def test_extreme_logits_have_a_finite_loss_and_gradient(
    loss: LabelwiseLoss, precision: torch.dtype, size: float
) -> None:
    logits = torch.tensor([[size, -size, size, -size, 0]], dtype=precision, requires_grad=True)
    found = loss.function(COUNTS)(logits, torch.tensor([[1.0, 1.0, 0.0, 0.0, 0.0]]))
    [gradient] = torch.autograd.grad(found, logits)
    assert found.isfinite()
    assert gradient.isfinite().all()
    # A positive that is missed for certain is still learned from.
    assert gradient[0, 1] < -0.01


@each_loss
def test_half_precision_logits_are_computed_in_single_precision(loss: LabelwiseLoss) -> None:
    logits, targets = (part.bfloat16() for part in a_batch(40))
    function = loss.function(COUNTS)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = function(logits, targets)
    assert found.dtype == torch.float32
    assert torch.equal(found, function(logits.float(), targets.float()))
