"""What holds for every method that looks into a neural system, with every head that it explains."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from clem_icd.corpus import Corpus
from clem_icd.errors import MissingExtraError, ModelError
from clem_icd.explanation import METHODS, Explainer, NeuralMethod, TokenWeights
from clem_icd.modeling import ModelInfo, NeuralSystem
from support import info_of, make_note

NOTE = make_note(3).text
LABELS = [4, 0, 2]


# Computed as the default, but in seconds.
CHEAPER = {"integrated-gradients": {"steps": 3}}


def method_of(kind: str) -> NeuralMethod:
    method = METHODS.parse({"kind": kind, **CHEAPER.get(kind, {})})
    assert isinstance(method, NeuralMethod)
    return method


KINDS = [kind for kind in METHODS.kinds if isinstance(METHODS.parse(kind), NeuralMethod)]
each_method = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def info(little_corpus: Corpus) -> ModelInfo:
    return info_of(little_corpus)


@pytest.fixture
def explained(systems: dict[str, NeuralSystem], kind: str, info: ModelInfo) -> dict[str, NeuralSystem]:
    """The systems that the method explains, by name."""
    found = {}
    for name, system in systems.items():
        try:
            method_of(kind).require(system, info)
        except ModelError:
            continue
        except MissingExtraError as problem:
            pytest.skip(str(problem))
        found[name] = system
    assert found
    return found


def weigh(
    system: NeuralSystem, info: ModelInfo, kind: str, labels: list[int] = LABELS, text: str = NOTE
) -> TokenWeights:
    return method_of(kind).weigh(system, info, text, labels)


def correlations(one: NDArray[np.float32], other: NDArray[np.float32]) -> list[float]:
    """Return the correlation of two maps, by code."""
    return [float(np.corrcoef(own, others)[0, 1]) for own, others in zip(one, other, strict=True)]


def assert_close(one: TokenWeights, other: TokenWeights) -> None:
    np.testing.assert_array_equal(one.offsets, other.offsets)
    np.testing.assert_allclose(one.weights, other.weights, rtol=1e-3, atol=1e-4 * np.abs(other.weights).max())


@each_method
def test_a_code_is_explained_alike_alone_and_among_others(
    explained: dict[str, NeuralSystem], info: ModelInfo, kind: str
) -> None:
    for system in explained.values():
        together = weigh(system, info, kind)
        assert together.weights.shape == (3, len(together.offsets))
        assert np.isfinite(together.weights).all()
        assert (np.ptp(together.weights, axis=1) > 0).all()
        backwards = weigh(system, info, kind, LABELS[::-1])
        assert_close(TokenWeights(backwards.offsets, backwards.weights[::-1], backwards.read), together)
        alone = weigh(system, info, kind, LABELS[2:])
        assert_close(alone, TokenWeights(together.offsets, together.weights[2:], together.read))


@each_method
@pytest.mark.parametrize("text", ["", " \n", "a", "º", "no fever"])
def test_notes_of_hardly_a_token_are_explained(
    explained: dict[str, NeuralSystem], info: ModelInfo, kind: str, text: str
) -> None:
    for system in explained.values():
        found = weigh(system, info, kind, text=text)
        assert found.weights.shape == (3, len(found.offsets))
        assert np.isfinite(found.weights).all()
        assert found.read == len(text)


@each_method
def test_without_codes_nothing_is_explained(
    explained: dict[str, NeuralSystem], info: ModelInfo, kind: str
) -> None:
    for system in explained.values():
        found = weigh(system, info, kind, [])
        assert found.weights.shape == (0, len(found.offsets))


@each_method
def test_only_what_was_read_is_explained(
    explained: dict[str, NeuralSystem], info: ModelInfo, kind: str
) -> None:
    for system in explained.values():
        reading = system.reading.model_copy(update={"max_tokens": 16})
        short = NeuralSystem(system.model, system.tokenizer, reading)
        found = weigh(short, info, kind)
        assert 0 < len(found.offsets) < 16
        assert found.offsets.max() == found.read < len(NOTE)
        assert_close(weigh(short, info, kind, text=NOTE[: found.read]), found)


@each_method
@pytest.mark.parametrize("inference", [False, True])
def test_the_mode_of_the_caller_and_the_model_stay_as_they_are(
    explained: dict[str, NeuralSystem], info: ModelInfo, kind: str, inference: bool
) -> None:
    for system in explained.values():
        expected = weigh(system, info, kind)
        before = {name: value.clone() for name, value in system.model.state_dict().items()}
        with torch.inference_mode() if inference else torch.no_grad():
            assert_close(weigh(system, info, kind), expected)
            assert not torch.is_grad_enabled()
            assert torch.is_inference_mode_enabled() == inference
        assert not system.model.training
        for name, parameter in system.model.named_parameters():
            assert parameter.requires_grad
            assert parameter.grad is None
            assert torch.equal(parameter, before[name])


# DeepLIFT refuses weights that do not add up, as in half precision.
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "deep-lift"])
def test_half_precision_gives_single_precision_close_to_it(
    explained: dict[str, NeuralSystem], info: ModelInfo, kind: str
) -> None:
    for system in explained.values():
        model: Any = copy.deepcopy(system.model).to(torch.bfloat16)
        half = NeuralSystem(model, system.tokenizer, system.reading)
        found, expected = weigh(half, info, kind).weights, weigh(system, info, kind).weights
        assert found.dtype == np.float32
        assert np.isfinite(found).all()
        assert min(correlations(found, expected)) > 0.9


# Rollout follows a diffuse attention, which hardly depends on what was learned.
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "attention-rollout"])
def test_other_weights_give_another_map(
    explained: dict[str, NeuralSystem], info: ModelInfo, kind: str
) -> None:
    """Adebayo et al. 2018: what a method shows has to depend on what the model has learned."""
    generator = torch.Generator().manual_seed(0)
    for system in explained.values():
        model = copy.deepcopy(system.model)
        with torch.no_grad():
            for parameter in model.parameters():
                flat = parameter.flatten()
                order = torch.randperm(len(flat), generator=generator)
                parameter.copy_(flat[order].view_as(parameter))
        shuffled = NeuralSystem(model, system.tokenizer, system.reading)
        found, expected = weigh(shuffled, info, kind).weights, weigh(system, info, kind).weights
        assert max(correlations(found, expected)) < 0.9


def test_a_method_that_the_head_cannot_give_is_refused_with_those_that_it_can(
    systems: dict[str, NeuralSystem], info: ModelInfo
) -> None:
    with pytest.raises(ModelError, match="needs a head in which every label attends") as refused:
        Explainer(systems["pooled"], info, "att-in-grad")
    named = str(refused.value).split("Choose from ")[1].rstrip(".").split(", ")
    assert {"head-decomposition", "decomposition-x-gradient", "input-x-gradient"} <= set(named)
    for kind in named:
        Explainer(systems["pooled"], info, kind)
    with pytest.raises(ModelError, match="this model has head label-tree-attention") as refused:
        Explainer(systems["label-tree"], info, "head-decomposition")
    named = str(refused.value).split("Choose from ")[1].rstrip(".").split(", ")
    assert {"attention", "contributions", "att-grad", "att-in-grad", "input-x-gradient"} <= set(named)
    for kind in named:
        Explainer(systems["label-tree"], info, kind)
