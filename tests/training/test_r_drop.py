"""R-drop: its divergence against the definition, when it acts, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.distributions import Bernoulli, kl_divergence
from transformers import RobertaConfig, RobertaForSequenceClassification

from clem_icd.corpus import Corpus
from clem_icd.errors import RecipeError
from clem_icd.modeling import LabelSpace, build
from clem_icd.modeling.dropout import drops_out
from clem_icd.modeling.losses import BinaryCrossEntropy
from clem_icd.training import NeuralRecipe, read_recipe, train
from clem_icd.training.objective import Objective
from clem_icd.training.r_drop import RDrop, divergence
from clem_icd.training.shares import share_of
from support import LITTLE_SETTINGS, TINY, tiny

LOSS = BinaryCrossEntropy().function(torch.zeros(5).numpy().astype("int64"))


def logits(seed: int, notes: int = 4) -> torch.Tensor:
    return torch.randn(notes, 5, generator=torch.Generator().manual_seed(seed)) * 3


def targets(seed: int, notes: int = 4) -> torch.Tensor:
    return (logits(seed, notes) > 0).float()


def scoring(*answers: torch.Tensor) -> Any:
    """Return a function that gives these logits, one after the other."""
    remaining = iter(answers)
    return lambda batch: next(remaining)


def test_the_divergence_is_the_mean_of_both_directions() -> None:
    first, second = logits(0).double(), logits(1).double()
    p, q = Bernoulli(logits=first), Bernoulli(logits=second)
    expected = (kl_divergence(p, q) + kl_divergence(q, p)) / 2
    torch.testing.assert_close(divergence(first, second), expected)
    torch.testing.assert_close(divergence(second, first), expected)
    assert not divergence(first, first).any()


def test_a_logit_that_a_pass_did_not_give_has_no_divergence() -> None:
    first = torch.tensor([[1.0, -torch.inf, -torch.inf, 0.5]], requires_grad=True)
    second = torch.tensor([[0.0, 2.0, -torch.inf, -torch.inf]])
    found = divergence(first, second)
    torch.testing.assert_close(found[0, 0], divergence(torch.tensor(1.0), torch.tensor(0.0)))
    assert not found[0, 1:].any()
    (gradient,) = torch.autograd.grad(found.sum(), first)
    assert gradient.isfinite().all()
    assert gradient.count_nonzero() == 1


def test_the_divergence_and_its_gradients_are_finite_for_extreme_logits() -> None:
    first = torch.tensor([[1e4, -1e4, 1e4, 0.0]], requires_grad=True)
    second = torch.tensor([[-1e4, -1e4, 1e4, 1e4]], requires_grad=True)
    found = divergence(first, second)
    found.sum().backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(found, torch.tensor([[1e4, 0.0, 0.0, 2500.0]]))
    assert first.grad is not None
    assert torch.isfinite(first.grad).all()


def test_half_precision_logits_are_compared_in_single_precision() -> None:
    assert divergence(logits(0).bfloat16(), logits(1).bfloat16()).dtype == torch.float32


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_loss_is_the_mean_over_both_passes_plus_the_divergence_reduced_alike(reduction: Any) -> None:
    cross_entropy = BinaryCrossEntropy(reduction=reduction)
    loss = cross_entropy.function(torch.zeros(5).numpy().astype("int64"))
    batch = {"labels": targets(2)}
    first, second = logits(0), logits(1)
    found = Objective(loss, RDrop(alpha=3), cross_entropy.reduced)(scoring(second), batch, first, epoch=1)
    apart = divergence(first, second)
    apart = apart.mean() if reduction == "mean" else apart.sum(dim=1).mean()
    expected = (loss(first, batch["labels"]) + loss(second, batch["labels"])) / 2 + 3 * apart
    torch.testing.assert_close(found, expected)


def test_the_first_epochs_have_a_single_pass() -> None:
    objective = Objective(LOSS, RDrop(after_epochs=2))
    batch = {"labels": targets(2)}
    for epoch in (0, 1):
        assert torch.equal(objective(scoring(), batch, logits(0), epoch), LOSS(logits(0), batch["labels"]))
    with pytest.raises(StopIteration):
        objective(scoring(), batch, logits(0), 2)


def test_notes_and_twins_weigh_the_same_and_only_notes_are_compared() -> None:
    batch = {"labels": targets(2), "twins": {"labels": targets(3)}}
    first, second, of_twins = logits(0), logits(1), logits(4)
    expected = (LOSS(first, targets(2)) + LOSS(of_twins, targets(3))) / 2
    torch.testing.assert_close(Objective(LOSS)(scoring(of_twins), batch, first, 0), expected)
    found = Objective(LOSS, RDrop(alpha=2))(scoring(second, of_twins), batch, first, 1)
    expected = (LOSS(first, targets(2)) + LOSS(second, targets(2))) / 4 + LOSS(of_twins, targets(3)) / 2
    torch.testing.assert_close(found, expected + 2 * divergence(first, second).mean())


@pytest.mark.parametrize("notes", [1, 3, 4])
def test_the_weighted_mean_over_the_shares_of_two_processes_is_the_loss_of_the_batch(notes: int) -> None:
    first, second, of_twins = (logits(seed, notes) for seed in (0, 1, 4))
    objective = Objective(LOSS, RDrop(alpha=2))

    def loss(rows: list[int]) -> torch.Tensor:
        batch = {"labels": targets(2, notes)[rows], "twins": {"labels": targets(3, notes)[rows]}}
        return objective(scoring(second[rows], of_twins[rows]), batch, first[rows], 1)

    shares = [share_of(range(notes), rank, 2) for rank in range(2)]
    found = sum(loss(share.rows) * share.weight for share in shares) / 2
    torch.testing.assert_close(found, loss(list(range(notes))))


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ({}, False),
        ({"head": {"kind": "pooled", "dropout": 0.1}}, True),
        ({"head": {"kind": "label-attention", "dropout": 0.1}}, True),
        ({"head": {"kind": "label-attention"}}, False),
        ({"encoder": TINY.model_copy(update={"dropout": 0.1}), "head": "label-attention"}, True),
    ],
)
def test_dropout_is_found_in_the_encoder_and_in_the_head(
    little_corpus: Corpus, choices: dict[str, Any], expected: bool
) -> None:
    architecture = tiny(**choices)
    model, _ = build(architecture, LabelSpace.of(little_corpus), texts=little_corpus.texts("train"))
    assert drops_out(model) is expected


def test_dropout_of_attention_weights_alone_is_found() -> None:
    config = RobertaConfig(
        vocab_size=20, hidden_size=8, num_attention_heads=2, num_hidden_layers=1, hidden_dropout_prob=0.0
    )
    assert drops_out(RobertaForSequenceClassification(config))
    config.attention_probs_dropout_prob = 0.0
    assert not drops_out(RobertaForSequenceClassification(config))


def recipe_with(*settings: str) -> NeuralRecipe:
    recipe = read_recipe("clem-icd-small", [*LITTLE_SETTINGS, *settings])
    assert isinstance(recipe, NeuralRecipe)
    return recipe


def test_r_drop_without_any_dropout_is_refused(little_corpus: Corpus, tmp_path: Path) -> None:
    recipe = recipe_with("training.r_drop={}")
    with pytest.raises(RecipeError, match=r"this model has no dropout\. Set encoder\.dropout=0\.1"):
        train(recipe, little_corpus, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["training.r_drop.alpha=0"], r"training\.r_drop\.alpha: .* greater than 0"),
        (["training.r_drop.after_epochs=3"], r"r_drop\.after_epochs is 3, expected less than epochs \(3\)"),
        (["training.r_drop.alfa=1"], r"Did you mean training\.r_drop\.alpha"),
        (["training.r_drop=true"], r"training\.r_drop"),
    ],
)
def test_fields_that_do_not_fit_are_refused(settings: list[str], words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        recipe_with(*settings)


def test_setting_one_field_turns_r_drop_on() -> None:
    assert recipe_with().training.r_drop is None
    assert recipe_with("training.r_drop.alpha=10").training.r_drop == RDrop(alpha=10)
