"""Linear layers in reduced precision, for scoring alone: in bf16, or in int8 with a scale per token.

What enters may be in any precision. What leaves is in bf16, or in single precision where a processor does not
multiply bf16, so that whatever lies between two linear layers follows them. The layers have no gradients.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Self

import torch
from torch.nn import functional

from clem_icd.errors import ModelError
from clem_icd.modeling.linears import OneDnnLinear

# torch.compile calls them for quantised layers. They are not documented, so a release may lack them.
_PACK: Any = getattr(torch.ops.onednn, "qlinear_prepack", None)
_MULTIPLY: Any = getattr(torch.ops.onednn, "qlinear_pointwise", None)

# What 0 becomes: oneDNN's fast products take activations without a sign, from 0 to 255.
_ZERO = 128
_LARGEST = 127

# Without instructions for int8, oneDNN adds two products in 16 bits: 2 * 255 * 63 is the most that fits.
_LARGEST_IN_SEVEN_BITS = 63

_SMALLEST_SCALE = torch.finfo(torch.float32).tiny


class ReducedLinear(torch.nn.Module):
    """A linear layer without gradients, made of constants."""

    precision = ""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the product with the weights, plus the bias [..., out].

        Raises
        ------
        ModelError
            If gradients are asked for.

        """
        if torch.is_grad_enabled() and inputs.requires_grad:
            raise ModelError(
                f"gradients are asked for, and a model in {self.precision} has none",
                remedy="Load it in fp32",
            )
        return self._product(inputs)

    def _product(self, inputs: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return the layer itself, which never changes."""
        return self


class Bf16Linear(ReducedLinear):
    """A linear layer that multiplies in bf16 and adds up in single precision."""

    precision = "bf16"
    weight: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        self.register_buffer("weight", linear.weight.detach().bfloat16(), persistent=False)
        bias = None if linear.bias is None else linear.bias.detach().bfloat16()
        self.register_buffer("bias", bias, persistent=False)

    def _product(self, inputs: torch.Tensor) -> torch.Tensor:
        return functional.linear(inputs.bfloat16(), self.weight, self.bias)


class Int8Linear(ReducedLinear):
    """A linear layer that multiplies integers: a scale per output for weights, and per token for inputs.

    A token is rounded by itself, so what it becomes does not depend on the other tokens of a batch.

    Parameters
    ----------
    linear
        The layer in single precision.
    dtype
        The precision of what leaves.

    """

    precision = "int8"
    packed: torch.Tensor
    scales: torch.Tensor
    zeros: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, linear: torch.nn.Linear, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        self.outputs = linear.out_features
        largest = _LARGEST_IN_SEVEN_BITS if adds_in_16_bits() else _LARGEST
        weight = linear.weight.detach().float()
        scales = (weight.abs().amax(dim=1) / largest).clamp_min(_SMALLEST_SCALE)
        rounded = (weight / scales[:, None]).round().to(torch.int8)
        self.register_buffer("packed", _PACK(rounded, None), persistent=False)
        self.register_buffer("scales", scales, persistent=False)
        self.register_buffer("zeros", torch.zeros(self.outputs, dtype=torch.int64), persistent=False)
        bias = None if linear.bias is None else linear.bias.detach().to(dtype)
        self.register_buffer("bias", bias, persistent=False)

    def _product(self, inputs: torch.Tensor) -> torch.Tensor:
        rows = inputs.reshape(-1, inputs.shape[-1])
        if not rows.numel():
            return inputs.new_zeros((*inputs.shape[:-1], self.outputs), dtype=self.dtype)
        largest = rows.abs().amax(dim=1, keepdim=True).float()
        # Rounded first, so that the same scale is applied before and after.
        scales = (largest / _LARGEST).clamp_min(_SMALLEST_SCALE).to(self.dtype)
        # A conversion to integers cuts off; 0.5 more, and it rounds.
        integers = rows.float().mul(scales.float().reciprocal()).add_(_ZERO + 0.5).to(torch.uint8)
        product = _multiplied(integers, _ZERO, self.packed, self.scales, self.zeros, self.dtype)
        scaled = product.mul_(scales) if self.bias is None else self.bias.addcmul(product, scales)
        return scaled.view(*inputs.shape[:-1], self.outputs)


def can_multiply_int8() -> bool:
    """Return whether PyTorch has oneDNN's products of integers, which are fast on x86 processors only."""
    return torch.cpu.get_capabilities().get("architecture") == "x86_64" and None not in (_PACK, _MULTIPLY)


def replace_linears(model: torch.nn.Module, layer: Callable[[torch.nn.Linear], ReducedLinear]) -> None:
    """Replace the linear layers of a model, one after the other, so that no second copy is in memory."""
    for name, module in list(model.named_modules()):
        # Not other subclasses, which do something else as well.
        if type(module) in (torch.nn.Linear, OneDnnLinear):
            model.set_submodule(name, layer(module).eval())


@functools.cache
def adds_in_16_bits() -> bool:
    """Return whether oneDNN adds products of integers in 16 bits, where large ones are cut off.

    Processors without instructions for int8 do. It is tried, as the environment may limit what oneDNN uses,
    with few rows and with many, which it may multiply in different ways.
    """
    width, outputs = 64, 32
    packed = _PACK(torch.full((outputs, width), _LARGEST, dtype=torch.int8), None)
    scales, zeros = torch.ones(outputs), torch.zeros(outputs, dtype=torch.int64)
    for rows in (1, 8, 128):
        integers = torch.full((rows, width), 2 * _ZERO - 1, dtype=torch.uint8)
        found = _multiplied(integers, 0, packed, scales, zeros, torch.float32)
        if not bool((found == (2 * _ZERO - 1) * _LARGEST * width).all()):
            return True
    return False


def _multiplied(
    integers: torch.Tensor,
    zero: int,
    packed: torch.Tensor,
    scales: torch.Tensor,
    zeros: torch.Tensor,
    dtype: torch.dtype,
) -> torch.Tensor:
    product: torch.Tensor = _MULTIPLY(
        integers, 1.0, zero, packed, scales, zeros, None, 1.0, 0, dtype, "none", [], ""
    )
    return product
