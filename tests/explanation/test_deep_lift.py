from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional
from transformers import RobertaConfig, RobertaForSequenceClassification

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError, NoteError
from clem_icd.explanation import Explainer
from clem_icd.explanation.methods.deep_lift import DeepLift
from clem_icd.explanation.methods.embeddings import Embeddings
from clem_icd.explanation.methods.rescaling import Rescaling
from clem_icd.modeling import LabelSpace, NeuralSystem, WholeReading, build
from support import info_of, make_note, new_system, tiny

TEXT = make_note(3).text
SEGMENTS = {"kind": "segments", "max_tokens": 64, "segment_tokens": 8, "special_tokens": "segment"}


def with_head(corpus: Corpus, **choices: Any) -> NeuralSystem:
    architecture = tiny(**choices)
    torch.manual_seed(0)
    model, tokenizer = build(architecture, LabelSpace.of(corpus), texts=corpus.texts("train"))
    return NeuralSystem(model, tokenizer, architecture.reading)


def roberta(corpus: Corpus) -> NeuralSystem:
    tokenizer = new_system(corpus).tokenizer
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
    fields: dict[str, Any] = {**sizes, "num_labels": 6, "initializer_range": 0.3}
    fields |= {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
    config = RobertaConfig(**fields)
    return NeuralSystem(RobertaForSequenceClassification(config), tokenizer, WholeReading(max_tokens=256))


SYSTEMS: dict[str, Callable[[Corpus], NeuralSystem]] = {
    "pooled": new_system,
    "label-attention": lambda corpus: with_head(corpus, head="label-attention", reading=SEGMENTS),
    "label-cross-attention": lambda corpus: with_head(corpus, head="label-cross-attention"),
    "roberta": roberta,
}


def logits(system: NeuralSystem, text: str = TEXT) -> np.ndarray[Any, Any]:
    """Return the logits of the note and of the masked note [2, labels]."""
    embeddings = Embeddings.of(system, system.read(text))
    with torch.no_grad():
        found: np.ndarray[Any, Any] = embeddings.logits(
            torch.cat([embeddings.note, embeddings.baseline])
        ).numpy()
    return found


@pytest.mark.parametrize("name", SYSTEMS)
def test_weights_sum_to_the_difference_of_the_logits(name: str, little_corpus: Corpus) -> None:
    """Which the gradient times the difference, as captum computes it, is far from."""
    system = SYSTEMS[name](little_corpus)
    explainer = Explainer(system, info_of(little_corpus), DeepLift(combine="sum"))
    found = explainer.weigh(TEXT, [0, 2, 5])
    note, baseline = logits(system)
    np.testing.assert_allclose(found.weights.sum(axis=1), (note - baseline)[[0, 2, 5]], rtol=1e-3, atol=1e-4)
    assert found.weights.min() < 0 < found.weights.max()


def test_a_long_note_has_exact_weights_where_windows_are_cut_into_blocks(little_corpus: Corpus) -> None:
    system = new_system(little_corpus)
    text = TEXT * 30
    assert len(system.read(text).ids) > 4 * 128
    found = Explainer(system, info_of(little_corpus), DeepLift(combine="sum")).weigh(text, [1])
    note, baseline = logits(system, text)
    assert found.weights.sum() == pytest.approx(note[1] - baseline[1], rel=1e-3)


def test_weights_are_independent_of_other_labels(little_corpus: Corpus) -> None:
    system = new_system(little_corpus)
    explainer = Explainer(system, info_of(little_corpus), "deep-lift")
    together = explainer.weigh(TEXT, [0, 3])
    assert (together.weights >= 0).all()
    for row, label in enumerate([0, 3]):
        np.testing.assert_allclose(
            explainer.weigh(TEXT, [label]).weights[0], together.weights[row], rtol=1e-4, atol=1e-7
        )


def test_a_model_in_half_precision_is_explained_in_single_precision(little_corpus: Corpus) -> None:
    system = new_system(little_corpus)
    info = info_of(little_corpus)
    system.model.to(torch.bfloat16)
    half = Explainer(system, info, "deep-lift").weigh(TEXT, [0]).weights
    assert system.model.dtype == torch.bfloat16
    # Which a GPU would choose in half precision.
    system.model.config._attn_implementation = "flash_attention_2"
    np.testing.assert_array_equal(Explainer(system, info, "deep-lift").weigh(TEXT, [0]).weights, half)
    system.model.config._attn_implementation = "sdpa"
    system.model.float()
    np.testing.assert_allclose(half, Explainer(system, info, "deep-lift").weigh(TEXT, [0]).weights, rtol=1e-3)


def test_the_model_learns_afterwards_as_before(little_corpus: Corpus) -> None:
    system = new_system(little_corpus)
    frozen = system.model.get_parameter("classifier.bias")
    frozen.requires_grad_(False)
    before = logits(system)
    Explainer(system, info_of(little_corpus), "deep-lift").weigh(TEXT, [0])
    learning = {name for name, one in system.model.named_parameters() if one.requires_grad}
    assert learning == {name for name, _ in system.model.named_parameters()} - {"classifier.bias"}
    np.testing.assert_array_equal(logits(system), before)


class Sorted(torch.nn.Module):
    """A head of an operation without a rule."""

    def __init__(self, head: torch.nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(hidden)
        return (logits * 9).sin()


def test_a_model_with_an_operation_without_a_rule_is_refused(little_corpus: Corpus) -> None:
    system = new_system(little_corpus)
    system.model.set_submodule("classifier", Sorted(system.model.get_submodule("classifier")))
    explainer = Explainer(system, info_of(little_corpus), "deep-lift")
    with pytest.raises(ModelError, match="the model has an operation without a rule"):
        explainer.weigh(TEXT, [0])


@pytest.mark.parametrize(
    "operation",
    [
        lambda x, w: functional.gelu(x) * torch.tanh(x),
        lambda x, w: x / (1 + x.square()),
        lambda x, w: 1 / (2 + torch.sigmoid(x)),
        lambda x, w: (x @ w) * x.pow(3),
        lambda x, w: x.softmax(-1) * 3,
        lambda x, w: functional.layer_norm(x, (4,), w[0], w[1]),
        lambda x, w: functional.scaled_dot_product_attention(x[:, None], x[:, None] * 2, x[:, None]),
        lambda x, w: torch.bmm(x.exp(), x.relu().transpose(1, 2)),
    ],
)
def test_every_rule_accounts_for_the_difference_and_keeps_the_result(
    operation: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> None:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(2, 3, 4, generator=generator, dtype=torch.float64)
    inputs[1, 0] = inputs[0, 0]  # a token that does not differ
    inputs[1, 1, 0] = inputs[0, 1, 0] + 1e-9
    weight = torch.randn(4, 4, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        expected = operation(inputs, weight)
    inputs.requires_grad_()
    with Rescaling():
        results = operation(inputs, weight)
        chosen = results[0].sum()
    np.testing.assert_allclose(results.detach().numpy(), expected.numpy(), rtol=1e-9)
    (multipliers,) = torch.autograd.grad(chosen, inputs)
    assert multipliers.isfinite().all()
    accounted = (multipliers[0] * (inputs[0] - inputs[1])).sum()
    assert float(accounted.detach()) == pytest.approx(float((expected[0] - expected[1]).sum()), rel=1e-6)


def test_a_long_note_is_refused_with_the_reason(little_corpus: Corpus) -> None:
    explainer = Explainer(new_system(little_corpus), info_of(little_corpus), "deep-lift")
    with pytest.raises(NoteError, match=r"deep-lift explains at most 1,000: its memory grows"):
        explainer.weigh("hypertension " * 2000, [0])


def test_a_softmax_of_far_apart_scores_stays_exact() -> None:
    """With exponentials of one note that vanish beside those of its baseline, a quotient of them explodes."""
    scores = torch.tensor([[90.0, 0, -3, 1], [-80.0, 2, 1, 0]], requires_grad=True)
    with Rescaling():
        shares = torch.nn.functional.softmax(scores, dim=-1)
        for place in range(4):
            (multipliers,) = torch.autograd.grad(shares[0, place], scores, retain_graph=True)
            difference = scores.detach()[0] - scores.detach()[1]
            added = (multipliers[0] * difference).sum()
            change = float((shares[0, place] - shares[1, place]).detach())
            assert float(added) == pytest.approx(change, abs=1e-4)
            assert (multipliers.abs() <= 1).all()
