"""Linear layers multiplied by oneDNN equal those of PyTorch in all but rounding."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForMaskedLM, ModernBertConfig, PreTrainedModel

from clem_icd.modeling import linears
from clem_icd.modeling.linears import OneDnnLinear, use_onednn

pytestmark = pytest.mark.skipif(
    linears._MULTIPLY is None or not torch.backends.mkldnn.is_available(),  # type: ignore[no-untyped-call]
    reason="this PyTorch has no oneDNN",
)


def numbers(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


INPUTS = {
    "one dimension": numbers(16),
    "rows": numbers(5, 16),
    "one row": numbers(1, 16),
    "many rows": numbers(700, 16),
    "batch": numbers(2, 3, 16),
    "four dimensions": numbers(2, 3, 4, 16),
    "no rows": numbers(0, 16),
    "no rows in a batch": numbers(2, 0, 16),
    "transposed": numbers(16, 5).t(),
    "transposed batch": numbers(4, 16, 3).transpose(1, 2),
    "every second column": numbers(5, 32)[:, ::2],
    "first rows of a batch": numbers(3, 9, 16)[:, :1],
    "repeated": numbers(1, 16).expand(5, 16),
}


@pytest.fixture
def multiplications(monkeypatch: pytest.MonkeyPatch) -> list[torch.Size]:
    """The shapes of what oneDNN has multiplied."""
    shapes: list[torch.Size] = []

    def multiply(inputs: torch.Tensor, *others: Any) -> torch.Tensor:
        shapes.append(inputs.shape)
        product: torch.Tensor = multiply_with_onednn(inputs, *others)
        return product

    multiply_with_onednn = linears._MULTIPLY
    monkeypatch.setattr(linears, "_MULTIPLY", multiply)
    return shapes


def layer(bias: bool = True, inputs: int = 16, outputs: int = 24) -> torch.nn.Linear:
    torch.manual_seed(0)
    return torch.nn.Linear(inputs, outputs, bias=bias)


def results(
    linear: torch.nn.Linear, inputs: torch.Tensor, *, to_inputs: bool = True
) -> Iterator[torch.Tensor | None]:
    """Yield the outputs, and the gradients of inputs, weight and bias."""
    inputs = inputs.detach().requires_grad_(to_inputs)
    linear.zero_grad()
    outputs = linear(inputs)
    yield outputs
    weights = torch.linspace(-1, 1, max(outputs.numel(), 1))[: outputs.numel()].view(outputs.shape)
    (outputs * weights).sum().backward()
    yield inputs.grad
    for parameter in (linear.weight, linear.bias):
        yield None if parameter is None or parameter.grad is None else parameter.grad.clone()


def assert_same(linear: torch.nn.Linear, inputs: torch.Tensor, *, to_inputs: bool = True) -> None:
    expected = results(linear, inputs, to_inputs=to_inputs)
    found = results(OneDnnLinear.sharing(linear), inputs, to_inputs=to_inputs)
    for one, other in zip(list(found), list(expected), strict=True):
        if other is None:
            assert one is None
            continue
        assert one is not None
        assert one.dtype == other.dtype
        scale = float(other.detach().abs().max()) if other.numel() else 1.0
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5 * max(scale, 1.0))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", INPUTS)
def test_outputs_and_gradients_equal_those_of_pytorch(shape: str, bias: bool) -> None:
    assert_same(layer(bias), INPUTS[shape])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=3), st.integers(1, 70), st.integers(1, 70), st.booleans())
def test_outputs_and_gradients_equal_those_of_pytorch_in_any_shape(
    rows: list[int], inputs: int, outputs: int, bias: bool
) -> None:
    assert_same(layer(bias, inputs, outputs), numbers(*rows, inputs))


@pytest.mark.parametrize("bias", [True, False])
def test_gradients_of_gradients_equal_those_of_pytorch(bias: bool) -> None:
    found = []
    for linear in (layer(bias), OneDnnLinear.sharing(layer(bias))):
        inputs = INPUTS["batch"].clone().requires_grad_()
        (gradient,) = torch.autograd.grad(linear(inputs).sin().sum(), inputs, create_graph=True)
        parameters = [inputs, *linear.parameters()]
        found.append(torch.autograd.grad(gradient.norm(), parameters))
    assert len(found[0]) == 2 + bias
    for one, other in zip(*found, strict=True):
        assert one.any()
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_onednn_multiplies_forward_and_backward(multiplications: list[torch.Size]) -> None:
    assert len(list(results(OneDnnLinear.sharing(layer()), INPUTS["batch"]))) == 4
    assert multiplications == [(2, 3, 16), (2, 3, 24), (24, 6)]


def test_gradients_that_nobody_needs_are_not_computed(multiplications: list[torch.Size]) -> None:
    assert_same(layer(), INPUTS["batch"], to_inputs=False)
    assert multiplications == [(2, 3, 16), (24, 6)]
    multiplications.clear()
    frozen = layer()
    frozen.weight.requires_grad_(False)
    assert_same(frozen, INPUTS["batch"])
    assert multiplications == [(2, 3, 16), (2, 3, 24)]


def test_a_layer_without_any_gradient_gives_outputs_without_history() -> None:
    frozen = OneDnnLinear.sharing(layer().requires_grad_(False))
    assert not frozen(INPUTS["rows"]).requires_grad
    with torch.inference_mode():
        assert frozen(INPUTS["rows"]).is_inference()


def test_a_frozen_weight_keeps_no_inputs_for_the_backward_pass() -> None:
    frozen = layer()
    frozen.weight.requires_grad_(False)
    kept: list[torch.Tensor] = []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        OneDnnLinear.sharing(frozen)(INPUTS["batch"].clone().requires_grad_())
    assert [tensor.shape for tensor in kept] == [(24, 16)]


def test_inputs_changed_between_the_passes_are_noticed() -> None:
    inputs = numbers(3, 16)
    outputs = OneDnnLinear.sharing(layer())(inputs)
    inputs.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        outputs.sum().backward()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_other_precisions_go_the_usual_way(dtype: torch.dtype, multiplications: list[torch.Size]) -> None:
    linear = layer().to(dtype)
    inputs = INPUTS["batch"].to(dtype)
    assert torch.equal(OneDnnLinear.sharing(linear)(inputs), linear(inputs))
    assert multiplications == []


def test_autocast_goes_the_usual_way(multiplications: list[torch.Size]) -> None:
    linear = layer()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found, expected = OneDnnLinear.sharing(linear)(INPUTS["batch"]), linear(INPUTS["batch"])
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, expected)
    found.float().sum().backward()
    assert multiplications == []


def test_inputs_of_another_precision_fail_as_in_pytorch() -> None:
    with pytest.raises(RuntimeError, match="dtype"):
        OneDnnLinear.sharing(layer())(INPUTS["rows"].double())


def test_inputs_of_another_width_are_refused() -> None:
    with pytest.raises(RuntimeError):
        OneDnnLinear.sharing(layer())(numbers(3, 15))


def test_results_are_the_same_bit_for_bit_in_every_run() -> None:
    shared = OneDnnLinear.sharing(layer(inputs=96, outputs=64))
    inputs = numbers(300, 96)
    for one, other in zip(results(shared, inputs), results(shared, inputs), strict=True):
        assert one is not None
        assert other is not None
        assert torch.equal(one, other)


def test_a_row_does_not_depend_on_the_other_rows() -> None:
    shared = OneDnnLinear.sharing(layer(inputs=96, outputs=64))
    inputs = numbers(300, 96)
    with torch.inference_mode():
        together = shared(inputs)
        for rows in (1, 2, 7, 64):
            alone = torch.cat([shared(part) for part in torch.split(inputs, rows)])
            torch.testing.assert_close(alone, together, rtol=0, atol=1e-6)


def test_both_layers_hold_the_same_parameters() -> None:
    linear = layer()
    shared = OneDnnLinear.sharing(linear)
    assert shared.weight is linear.weight
    assert shared.bias is linear.bias
    assert list(shared.state_dict()) == list(linear.state_dict())
    optimizer = torch.optim.SGD(shared.parameters(), lr=0.1)
    shared(INPUTS["rows"]).sum().backward()
    before = linear.weight.detach().clone()
    optimizer.step()
    assert not torch.equal(linear.weight, before)
    torch.testing.assert_close(shared(INPUTS["rows"]), linear(INPUTS["rows"]), rtol=0, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_kept(training: bool) -> None:
    assert OneDnnLinear.sharing(layer().train(training)).training is training


def language_model() -> PreTrainedModel:
    """Return a small encoder whose decoder's weights are those of the embeddings."""
    torch.manual_seed(0)
    config = ModernBertConfig(
        vocab_size=60,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        pad_token_id=0,
        tie_word_embeddings=True,
    )
    model: PreTrainedModel = AutoModelForMaskedLM.from_config(config).train()
    return model


def trained(model: PreTrainedModel, steps: int = 3) -> PreTrainedModel:
    stock: Any = model
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    ids = torch.arange(5, 45).view(2, 20)
    for _ in range(steps):
        optimizer.zero_grad()
        stock(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
    return model


def test_a_model_trains_alike_and_keeps_its_names_and_tied_weights() -> None:
    model = language_model()
    names = list(model.state_dict())
    parameters = list(model.parameters())
    use_onednn(model)
    assert isinstance(model.get_submodule("decoder"), OneDnnLinear)
    assert list(model.state_dict()) == names
    assert all(one is other for one, other in zip(model.parameters(), parameters, strict=True))
    embeddings = model.get_parameter("model.embeddings.tok_embeddings.weight")
    assert model.get_submodule("decoder").weight is embeddings
    trained(model)
    model.tie_weights()
    assert model.get_submodule("decoder").weight is embeddings
    expected = trained(language_model()).state_dict()
    for name, values in model.state_dict().items():
        torch.testing.assert_close(values, expected[name], rtol=0, atol=1e-4)


def test_a_saved_model_equals_the_stock_model_byte_for_byte(tmp_path: Path) -> None:
    model = language_model()
    model.save_pretrained(tmp_path / "stock")
    use_onednn(model)
    model.save_pretrained(tmp_path / "onednn")
    files = sorted(path.name for path in (tmp_path / "stock").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "onednn").iterdir())
    for name in files:
        assert (tmp_path / "stock" / name).read_bytes() == (tmp_path / "onednn" / name).read_bytes()


def test_only_plain_linear_layers_are_replaced() -> None:
    class Scaled(torch.nn.Linear):
        """A layer with a forward pass of its own."""

    plain = layer()
    model = torch.nn.Sequential(plain, Scaled(24, 3), torch.nn.Identity(), torch.nn.Sequential(layer()))
    use_onednn(model)
    kinds = [type(module) for module in (model[0], model[1], model[2], model.get_submodule("3.0"))]
    assert kinds == [OneDnnLinear, Scaled, torch.nn.Identity, OneDnnLinear]
    before = list(model.modules())
    use_onednn(model)
    assert list(model.modules()) == before


def test_a_copy_is_independent_and_multiplies_alike() -> None:
    shared = OneDnnLinear.sharing(layer())
    copied = copy.deepcopy(shared)
    assert type(copied) is OneDnnLinear
    assert torch.equal(copied(INPUTS["rows"]), shared(INPUTS["rows"]))
    with torch.no_grad():
        copied.weight.zero_()
    assert float(shared.weight.detach().abs().max()) > 0


def test_saved_parameters_load_into_a_stock_layer_and_back(tmp_path: Path) -> None:
    shared = OneDnnLinear.sharing(layer())
    torch.save(shared.state_dict(), tmp_path / "layer.pt")
    stock = torch.nn.Linear(16, 24)
    stock.load_state_dict(torch.load(tmp_path / "layer.pt", weights_only=True))
    assert torch.equal(stock.weight, shared.weight)
    shared.load_state_dict(stock.state_dict())


def test_a_model_is_left_alone_where_pytorch_lacks_the_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linears, "_MULTIPLY", None)
    model = torch.nn.Sequential(layer())
    use_onednn(model)
    assert type(model[0]) is torch.nn.Linear


def test_a_layer_moved_to_another_device_goes_the_usual_way(multiplications: list[torch.Size]) -> None:
    shared = OneDnnLinear.sharing(layer()).to("meta")
    assert shared(torch.empty(3, 16, device="meta")).shape == (3, 24)
    assert multiplications == []
