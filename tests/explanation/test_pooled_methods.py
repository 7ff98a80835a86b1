"""Methods for the pooled head: closed forms, and the heads that they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    PreTrainedModel,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.explanation import NeuralMethod
from clem_icd.explanation.methods.decomposition_x_gradient import DecompositionTimesGradient
from clem_icd.explanation.methods.head_decomposition import HeadDecomposition
from clem_icd.explanation.methods.input_x_gradient import InputTimesGradient
from clem_icd.explanation.methods.neural_method import batch_of
from clem_icd.modeling import NeuralSystem, WholeReading
from clem_icd.modeling.readings import ReadNote
from explanation.conftest import system_of
from support import LargestTensor, info_of, make_note

LABELS = [4, 0, 2]
SIZE: dict[str, Any] = {"hidden_size": 32, "num_attention_heads": 2, "vocab_size": 400, "num_labels": 6}
LAYERS: dict[str, Any] = {"num_hidden_layers": 1, "intermediate_size": 48}


@pytest.fixture
def system(systems: dict[str, NeuralSystem]) -> NeuralSystem:
    return systems["pooled"]


@pytest.fixture
def note(system: NeuralSystem) -> ReadNote:
    [read] = system.reading.read(system.tokenizer, [make_note(3).text])
    return read


def test_the_decomposition_is_the_share_of_each_token_in_the_pooled_vector(
    system: NeuralSystem, note: ReadNote
) -> None:
    """By hand: the pooled vector is the mean, so each token has the same gradient."""
    model: Any = system.model
    with torch.no_grad():
        hidden = model.base_model(**batch_of(system, note)).last_hidden_state[0]
    pooled = hidden.mean(dim=0).requires_grad_()
    logits = model.classifier(model.head(pooled))
    found = HeadDecomposition().weights(system, note, LABELS)
    for row, label in enumerate(LABELS):
        (gradient,) = torch.autograd.grad(logits[label], pooled, retain_graph=True)
        shares = (hidden @ gradient / len(hidden)).numpy()
        np.testing.assert_allclose(found[row], shares - shares.mean(), rtol=1e-3, atol=1e-7)


def test_the_product_is_that_of_its_parts(system: NeuralSystem, note: ReadNote) -> None:
    support = np.maximum(HeadDecomposition().weights(system, note, LABELS), 0)
    product = (
        support / support.sum(axis=1, keepdims=True) * InputTimesGradient().weights(system, note, LABELS)
    )
    found = DecompositionTimesGradient().weights(system, note, LABELS)
    np.testing.assert_allclose(found, product, rtol=1e-3, atol=1e-9)


def test_the_decomposition_needs_no_more_memory_than_scoring(system: NeuralSystem) -> None:
    text = make_note(3).text * 12
    [note] = system.reading.read(system.tokenizer, [text])
    largest = []
    for task in (lambda: list(system.score([text])), lambda: HeadDecomposition().weights(system, note, [1])):
        with LargestTensor() as recorded:
            task()
        largest.append(recorded.elements)
    assert largest[1] <= largest[0]
    saved = 0

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        nonlocal saved
        saved += tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        HeadDecomposition().weights(system, note, [1])
    vectors = len(note.ids) * 32
    assert saved < 2 * vectors, "of the encoder, nothing is kept for gradients"


def bert() -> PreTrainedModel:
    return BertForSequenceClassification(BertConfig(**SIZE, **LAYERS))


def roberta() -> PreTrainedModel:
    return RobertaForSequenceClassification(
        RobertaConfig(**SIZE, **LAYERS, max_position_embeddings=66, pad_token_id=1)
    )


def distilbert() -> PreTrainedModel:
    config = DistilBertConfig(dim=32, n_heads=2, n_layers=1, hidden_dim=48, vocab_size=400)
    config.num_labels = 6
    return DistilBertForSequenceClassification(config)


@pytest.mark.parametrize("method", [HeadDecomposition(), DecompositionTimesGradient()])
@pytest.mark.parametrize("make", [bert, roberta, distilbert])
def test_a_stock_head_on_the_first_token_is_refused_but_has_gradients(
    system: NeuralSystem, little_corpus: Corpus, method: NeuralMethod, make: Callable[[], PreTrainedModel]
) -> None:
    torch.manual_seed(0)
    first = NeuralSystem(make(), system.tokenizer, WholeReading(max_tokens=64))
    info = info_of(little_corpus)
    with pytest.raises(ModelError, match=r"reads one special token.*Choose from .*input-x-gradient"):
        method.require(first, info)
    weights = InputTimesGradient().weigh(first, info, make_note(3).text, LABELS).weights
    assert np.isfinite(weights).all()
    assert (weights > 0).all()


@pytest.mark.parametrize(("pooling", "refused"), [("cls", True), ("mean", False)])
def test_the_pooling_of_modernbert_decides(little_corpus: Corpus, pooling: str, refused: bool) -> None:
    system = system_of(little_corpus, head={"kind": "pooled", "pooling": pooling})
    assert (HeadDecomposition().objection_to_head(system) is not None) == refused


def test_an_untrained_head_of_zeros_is_explained_by_zeros(system: NeuralSystem, note: ReadNote) -> None:
    weight = system.model.get_parameter("classifier.weight")
    before = weight.detach().clone()
    try:
        with torch.no_grad():
            weight.zero_()
        for method in (HeadDecomposition(), DecompositionTimesGradient()):
            assert method.objection_to_head(system) is None
            assert not method.weights(system, note, LABELS).any()
    finally:
        with torch.no_grad():
            weight.copy_(before)
