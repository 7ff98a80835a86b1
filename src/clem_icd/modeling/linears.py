"""Linear layers that multiply with oneDNN where PyTorch would use MKL, in single precision on a CPU.

MKL uses only part of what an AMD processor can do; oneDNN, which PyTorch also contains, multiplies the same
matrices up to twice as fast there, and no slower elsewhere (`docs/results/speed.md`). Results differ by
rounding alone. Parameters, names and saved files stay those of `torch.nn.Linear`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

# torch.compile calls it for linear layers. It is not a documented interface, so a release may lack it.
_MULTIPLY: Any = getattr(torch.ops.mkldnn, "_linear_pointwise", None)


class OneDnnLinear(torch.nn.Linear):
    """A linear layer that shares the parameters of another one, and multiplies with oneDNN."""

    @classmethod
    def sharing(cls, linear: torch.nn.Linear) -> OneDnnLinear:
        """Return a layer with the same parameters, in the same mode."""
        layer = cls(linear.in_features, linear.out_features, bias=linear.bias is not None, device="meta")
        layer.weight, layer.bias = linear.weight, linear.bias
        return layer.train(linear.training)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the product with the weights, plus the bias [..., out]."""
        if not self._multiplies(inputs):
            return functional.linear(inputs, self.weight, self.bias)
        product: torch.Tensor = _Product.apply(inputs, self.weight, self.bias)  # type: ignore[no-untyped-call]
        return product

    def _multiplies(self, inputs: torch.Tensor) -> bool:
        single = _is_single(inputs) and _is_single(self.weight)
        # oneDNN refuses matrices without elements.
        filled = inputs.numel() > 0 and self.weight.numel() > 0
        return single and filled and not torch.is_autocast_enabled("cpu")


def use_onednn(model: torch.nn.Module) -> None:
    """Replace the linear layers of a model by layers that multiply with oneDNN, if PyTorch has it."""
    if _MULTIPLY is None or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return
    for name, module in list(model.named_modules()):
        # Not subclasses, which do something else as well.
        if type(module) is torch.nn.Linear:
            model.set_submodule(name, OneDnnLinear.sharing(module))


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None
    ) -> torch.Tensor:
        # Frozen weights need no inputs, which take most of the memory.
        to_inputs, to_weight, _ = ctx.needs_input_grad
        ctx.save_for_backward(inputs if to_weight else None, weight if to_inputs else None)
        return _multiplied(inputs, weight, bias)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        inputs, weight = ctx.saved_tensors
        rows = gradient.reshape(-1, gradient.shape[-1])
        # oneDNN's product has no derivative, which a gradient that is differentiated again needs.
        multiply = functional.linear if torch.is_grad_enabled() else _multiplied
        to_inputs = to_weight = to_bias = None
        if ctx.needs_input_grad[0]:
            to_inputs = multiply(gradient, weight.t(), None)
        if ctx.needs_input_grad[1]:
            to_weight = multiply(rows.t(), inputs.reshape(-1, inputs.shape[-1]).t(), None)
        if ctx.needs_input_grad[2]:
            to_bias = rows.sum(0)
        return to_inputs, to_weight, to_bias


def _is_single(tensor: torch.Tensor) -> bool:
    return tensor.device.type == "cpu" and tensor.dtype == torch.float32


def _multiplied(inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    product: torch.Tensor = _MULTIPLY(inputs, weight, bias, "none", [], "")
    return product
