"""Gradients in evaluation mode: bounded memory, and a model that stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers.modeling_layers import GradientCheckpointingLayer

from clem_icd.explanation.methods import gradients
from clem_icd.explanation.methods.gradients import embedded, logits_of, products, traced
from clem_icd.explanation.methods.input_x_gradient import InputTimesGradient
from clem_icd.explanation.methods.neural_method import batch_of
from clem_icd.modeling import NeuralSystem
from clem_icd.modeling.readings import ReadNote
from support import make_note

each_system = pytest.mark.parametrize("name", ["pooled", "segments", "label-tree"])


@pytest.fixture
def system(systems: dict[str, NeuralSystem], name: str) -> NeuralSystem:
    return systems[name]


@pytest.fixture
def note(system: NeuralSystem) -> ReadNote:
    [read] = system.reading.read(system.tokenizer, [make_note(3).text])
    return read


@pytest.fixture
def checkpointing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compute the layers of every note again."""
    with monkeypatch.context() as patch:
        patch.setattr(gradients, "CHECKPOINTED_TOKENS", 1)
        yield


def weights_of(system: NeuralSystem, note: ReadNote) -> NDArray[np.float32]:
    return InputTimesGradient().weights(system, note, [2, 0, 4])


def require_untouched(system: NeuralSystem) -> None:
    layers = [module for module in system.model.modules() if isinstance(module, GradientCheckpointingLayer)]
    assert len(layers) == 4
    assert not any("forward" in layer.__dict__ for layer in layers)
    assert not any(layer._forward_hooks for layer in system.model.modules())
    assert all(one.requires_grad and one.grad is None for one in system.model.parameters())
    assert not system.model.training


class Saved:
    """Counts the elements that operations outside of checkpoints keep for the backward pass."""

    def __init__(self) -> None:
        self.elements = 0

    def pack(self, tensor: torch.Tensor) -> torch.Tensor:
        self.elements += tensor.numel()
        return tensor

    def unpack(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor


def saved_by(system: NeuralSystem, note: ReadNote) -> int:
    saved = Saved()
    with torch.autograd.graph.saved_tensors_hooks(saved.pack, saved.unpack):
        weights_of(system, note)
    return saved.elements


@each_system
def test_layers_computed_again_give_the_same_weights_and_keep_less(
    system: NeuralSystem, note: ReadNote, request: pytest.FixtureRequest
) -> None:
    expected, kept = weights_of(system, note), saved_by(system, note)
    request.getfixturevalue("checkpointing")
    np.testing.assert_allclose(weights_of(system, note), expected, rtol=1e-5, atol=1e-9)
    assert saved_by(system, note) < kept / 3
    require_untouched(system)


@each_system
def test_what_only_gradients_of_parameters_need_is_not_kept(system: NeuralSystem, note: ReadNote) -> None:
    saved = Saved()
    batch = batch_of(system, note)
    with torch.autograd.graph.saved_tensors_hooks(saved.pack, saved.unpack):
        logits_of(system.model, embedded(system.model, batch), batch["attention_mask"], [2])
    assert saved_by(system, note) < 0.9 * saved.elements


@each_system
@pytest.mark.usefixtures("checkpointing")
def test_what_is_traced_is_not_the_model_itself(system: NeuralSystem, note: ReadNote) -> None:
    with traced(system.model, len(note.ids)) as twin:
        assert not any(one.requires_grad for one in twin.parameters())
        require_untouched(system)
    with pytest.raises(IndexError):
        InputTimesGradient().weights(system, note, [99])
    require_untouched(system)


@each_system
@pytest.mark.usefixtures("checkpointing")
def test_several_threads_explain_and_score_alike(system: NeuralSystem, note: ReadNote) -> None:
    expected = weights_of(system, note)
    [score] = system.score([make_note(3).text])
    with ThreadPoolExecutor(4) as pool:
        explained = [pool.submit(weights_of, system, note) for _ in range(6)]
        scored = [pool.submit(lambda: list(system.score([make_note(3).text]))) for _ in range(12)]
        for one in explained:
            np.testing.assert_allclose(one.result(), expected, rtol=1e-5, atol=1e-9)
        for two in scored:
            np.testing.assert_allclose(two.result()[0].probabilities, score.probabilities, atol=1e-6)
    require_untouched(system)


@each_system
def test_logits_from_embeddings_are_those_of_the_model(system: NeuralSystem, note: ReadNote) -> None:
    batch = batch_of(system, note)
    with torch.no_grad():
        expected = system.model(**batch).logits[0, [4, 1]]
    with traced(system.model, len(note.ids)) as twin:
        logits = logits_of(twin, embedded(twin, batch), batch["attention_mask"], [4, 1])
    torch.testing.assert_close(logits.detach(), expected)


def test_products_are_those_of_each_tensor_with_its_gradient() -> None:
    x, y = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0, 4.0], requires_grad=True)
    found = list(products(torch.stack([(x * y).sum(), (x**2).sum() + y[0]]), x, y))
    assert [[one.tolist() for one in pair] for pair in found] == [
        [[3.0, 8.0], [3.0, 8.0]],
        [[2.0, 8.0], [3.0, 0.0]],
    ]
