"""Linear layers in reduced precision are close to those in single precision, token by token."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
import torch

from clem_icd.errors import ModelError
from clem_icd.modeling.linears import OneDnnLinear
from clem_icd.modeling.reduced_linears import (
    Bf16Linear,
    Int8Linear,
    ReducedLinear,
    adds_in_16_bits,
    can_multiply_int8,
    replace_linears,
)

needs_int8 = pytest.mark.skipif(not can_multiply_int8(), reason="this machine has no products of integers")

KINDS: dict[str, Callable[[torch.nn.Linear], ReducedLinear]] = {
    "bf16": Bf16Linear,
    "int8 to fp32": lambda linear: Int8Linear(linear, torch.float32),
    "int8 to bf16": lambda linear: Int8Linear(linear, torch.bfloat16),
}
each_kind = pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=needs_int8 if "int8" in kind else ()) for kind in KINDS]
)


def numbers(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def layer(inputs: int = 96, outputs: int = 64, *, bias: bool = False) -> torch.nn.Linear:
    torch.manual_seed(0)
    return torch.nn.Linear(inputs, outputs, bias=bias)


@each_kind
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(96,), (1, 96), (5, 96), (2, 3, 96), (300, 96)])
def test_outputs_are_close_to_those_in_single_precision(
    kind: str, bias: bool, shape: tuple[int, ...]
) -> None:
    linear = layer(bias=bias)
    with torch.inference_mode():
        found, expected = KINDS[kind](linear)(numbers(*shape)), linear(numbers(*shape))
    assert found.shape == expected.shape
    assert found.dtype == (torch.float32 if kind == "int8 to fp32" else torch.bfloat16)
    error = float((found.float() - expected).norm() / expected.norm())
    assert 0 < error < (0.005 if kind == "bf16" else 0.02)


@needs_int8
def test_integers_are_multiplied_exactly() -> None:
    linear, inputs = layer(bias=True), numbers(70, 96) * 3
    largest = 63 if adds_in_16_bits() else 127
    weights = linear.weight.detach().double()
    of_outputs = weights.abs().amax(dim=1, keepdim=True) / largest
    of_tokens = inputs.double().abs().amax(dim=1, keepdim=True) / 127
    rounded = (inputs.double() / of_tokens).round() @ (weights / of_outputs).round().t()
    expected = rounded * of_tokens * of_outputs.t() + linear.bias.detach().double()
    with torch.inference_mode():
        found = Int8Linear(linear, torch.float32)(inputs).double()
    # Apart from a value that is halfway between two integers.
    assert float(((found - expected).abs() < 1e-5).double().mean()) > 0.99
    torch.testing.assert_close(found, expected, rtol=0, atol=0.05)


@needs_int8
def test_the_largest_products_are_not_cut_off() -> None:
    linear = layer()
    with torch.no_grad():
        linear.weight.fill_(0.5)
    with torch.inference_mode():
        for rows in (1, 8, 200):
            found = Int8Linear(linear, torch.float32)(torch.full((rows, 96), 3.0))
            torch.testing.assert_close(found, torch.full((rows, 64), 96 * 1.5))


_LIMITED = """
import torch
from clem_icd.modeling.reduced_linears import Int8Linear, adds_in_16_bits
linear = torch.nn.Linear(96, 64, bias=False)
torch.nn.init.constant_(linear.weight, 0.5)
with torch.inference_mode():
    found = Int8Linear(linear, torch.float32)(torch.full((200, 96), 3.0))
print(adds_in_16_bits(), bool(((found - 144).abs() < 1e-3).all()))
"""


@needs_int8
def test_the_largest_products_are_not_cut_off_without_instructions_for_int8() -> None:
    limits = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED],
        env={**os.environ, **limits},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True", "True"]


@each_kind
def test_a_token_does_not_depend_on_the_other_tokens(kind: str) -> None:
    reduced = KINDS[kind](layer())
    inputs = numbers(300, 96)
    with torch.inference_mode():
        together = reduced(inputs)
        for rows in (1, 7, 64):
            alone = torch.cat([reduced(part) for part in torch.split(inputs, rows)])
            if kind == "bf16":
                torch.testing.assert_close(alone, together, rtol=1e-2, atol=1e-3)
            else:
                assert torch.equal(alone, together)


@each_kind
def test_empty_inputs_and_tokens_of_zeros_are_no_exception(kind: str) -> None:
    linear = layer(bias=True)
    reduced = KINDS[kind](linear)
    with torch.inference_mode():
        assert reduced(torch.zeros(2, 0, 96)).shape == (2, 0, 64)
        found = reduced(torch.zeros(3, 96)).float()
    expected = linear.bias.detach().expand(3, -1)
    torch.testing.assert_close(found, expected, rtol=1e-2, atol=1e-3)


@each_kind
def test_a_token_that_is_not_a_number_stays_so_and_spoils_no_other(kind: str) -> None:
    inputs = numbers(4, 96)
    inputs[1, 5] = torch.nan
    with torch.inference_mode():
        found = KINDS[kind](layer())(inputs)
    assert found.isnan().any(dim=1).tolist() == [False, True, False, False]


@each_kind
def test_gradients_are_refused_in_one_line(kind: str) -> None:
    reduced = KINDS[kind](layer())
    with pytest.raises(ModelError, match=r"a model in (bf16|int8) has none. Load it in fp32"):
        reduced(numbers(3, 96).requires_grad_())
    with torch.no_grad():
        assert not reduced(numbers(3, 96).requires_grad_()).requires_grad


@each_kind
def test_plain_layers_are_replaced_and_others_left(kind: str) -> None:
    class Scaled(torch.nn.Linear):
        """A layer with a forward pass of its own."""

    model = torch.nn.Sequential(layer(), OneDnnLinear.sharing(layer(64, 96)), Scaled(96, 3))
    replace_linears(model, KINDS[kind])
    assert [isinstance(module, ReducedLinear) for module in model] == [True, True, False]
    assert copy.deepcopy(model)[0] is model[0]
    assert list(model.state_dict()) == ["2.weight", "2.bias"]
