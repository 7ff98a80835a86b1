"""The rules of DeepLIFT for every operation of a transformer, whatever module or function computes it.

Within `Rescaling`, a batch holds notes and their baselines, one half each. Every operation that is not linear
returns its usual value, but its gradient is a multiplier: that of a function of one variable is the slope of
the line through its two points (the Rescale rule of Shrikumar et al. 2017), and that of a product is the mean
of the other factor, so the change of a product is shared equally. A softmax and a layer norm are made of such
operations. Multipliers follow the chain rule, so multipliers times differences of the inputs sum to the
difference of the outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_Function = Callable[..., torch.Tensor]

_OF_ONE_VARIABLE = {
    *("elu", "erf", "exp", "gelu", "leaky_relu", "log", "pow", "reciprocal", "relu", "rsqrt"),
    *("sigmoid", "silu", "softplus", "sqrt", "square", "tanh"),
}
_PRODUCTS: dict[str, _Function] = {
    **dict.fromkeys(("mul", "multiply", "__mul__", "__rmul__"), torch.mul),
    **dict.fromkeys(("matmul", "bmm", "__matmul__"), torch.matmul),
}
_QUOTIENTS = {"div", "true_divide", "__truediv__"}
_REVERSED_QUOTIENTS = {"__rdiv__", "__rtruediv__"}

# Where two points are nearer than this, relative to their size, a slope would mostly be rounding.
_NEAR = 1e-3


class Rescaling(TorchFunctionMode):
    """Within the block, operations have multipliers in place of gradients.

    What requires a gradient must be what differs between a note and its baseline, so no weights.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        options = kwargs or {}
        name = getattr(func, "__name__", "")
        varying = [isinstance(one, torch.Tensor) and one.requires_grad for one in args[:2]]
        if any(varying):
            if name in _OF_ONE_VARIABLE and varying[0]:
                return _of_one_variable(lambda values: func(values, *args[1:], **options), args[0])
            if name in _PRODUCTS and all(varying) and len(varying) == 2:
                return _product(_PRODUCTS[name], args[0], args[1])
            if name in _QUOTIENTS and varying[-1] and len(varying) == 2:
                return _quotient(args[0], args[1])
            if name in _REVERSED_QUOTIENTS and varying[0] and not varying[-1]:
                return _quotient(args[1], args[0])
            if name in _RULES:
                return _RULES[name](*args, **options)
        return func(*args, **options)


def _of_one_variable(function: _Function, values: torch.Tensor) -> torch.Tensor:
    """Return a function of each element, with the slope between the note and its baseline."""
    pairs = _pairs(values)
    with torch.no_grad():
        results = function(values)
        (note, baseline), (note_result, baseline_result) = pairs, _pairs(results)
        difference, middle = note - baseline, (note + baseline) / 2
        slope = (note_result - baseline_result) / difference
    middle.requires_grad_()
    with torch.enable_grad():
        (derivative,) = torch.autograd.grad(function(middle).sum(), middle)
    near = difference.abs() <= _NEAR * middle.detach().abs().clamp(max=1)
    return _with_gradient(results, pairs * torch.where(near, derivative, slope))


def _product(multiply: _Function, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Return a product of two factors that vary, to which both contribute equally."""
    first, second = _pairs(one), _pairs(other)
    with torch.no_grad():
        results = multiply(one, other)
        means = first.mean(dim=0, keepdim=True), second.mean(dim=0, keepdim=True)
    return _with_gradient(results, multiply(first, means[1]) + multiply(means[0], second))


def _quotient(one: Any, other: torch.Tensor) -> torch.Tensor:
    inverse = _of_one_variable(torch.reciprocal, other)
    varies = isinstance(one, torch.Tensor) and one.requires_grad
    return _product(torch.mul, one, inverse) if varies else one * inverse


def _softmax(
    values: torch.Tensor,
    dim: int = -1,
    _stacklevel: int = 3,
    dtype: torch.dtype | None = None,
) -> torch.Tensor:
    if dtype is not None:
        values = values.to(dtype)
    # Not as a quotient of exponentials: those of a note and of its baseline may differ by many magnitudes.
    shifted = values - _log_sum_exp(values, dim % values.ndim)
    return _of_one_variable(torch.exp, shifted)


def _log_sum_exp(values: torch.Tensor, dim: int) -> torch.Tensor:
    """Return the logarithm of a sum of exponentials, as one operation, along a dimension that is kept.

    Its multipliers are those of the exponentials times that of the logarithm of their sum, each a logarithmic
    mean of the note and its baseline. They are computed as logarithms, so that nothing overflows.
    """
    with torch.no_grad():
        finite = values.clamp(min=torch.finfo(values.dtype).min)
        result = finite.logsumexp(dim=dim, keepdim=True)
        parts = (_log_mean(_pairs(finite)) - _log_mean(_pairs(result))).exp()
    return _with_gradient(result, (_pairs(values) * parts).sum(dim=dim + 1, keepdim=True))


def _log_mean(logarithms: torch.Tensor) -> torch.Tensor:
    """Return the logarithm of the logarithmic mean of two numbers, from theirs [1, ...]."""
    gap = (logarithms[0] - logarithms[1]).abs()
    small = gap < 1e-3
    ratio = torch.where(small, -gap / 2, torch.log(-torch.expm1(-gap) / gap.clamp(min=1e-3)))
    return (torch.maximum(logarithms[0], logarithms[1]) + ratio)[None]


def _layer_norm(
    values: torch.Tensor,
    normalized_shape: tuple[int, ...],
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    eps: float = 1e-5,
) -> torch.Tensor:
    axes = tuple(range(-len(normalized_shape), 0))
    centered = values - values.mean(dim=axes, keepdim=True)
    variance = _of_one_variable(torch.square, centered).mean(dim=axes, keepdim=True)
    normalized = _product(torch.mul, centered, _of_one_variable(torch.rsqrt, variance + eps))
    scaled = normalized if weight is None else normalized * weight
    return scaled if bias is None else scaled + bias


def _attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    **others: Any,
) -> torch.Tensor:
    """Return what ``scaled_dot_product_attention`` returns; attention of decoders has no rule."""
    if is_causal or dropout_p or any(others.values()):
        attend = torch.nn.functional.scaled_dot_product_attention
        return attend(query, key, value, attn_mask, dropout_p, is_causal, scale=scale, **others)
    scores = _times(query, key.transpose(-1, -2)) * (query.shape[-1] ** -0.5 if scale is None else scale)
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attn_mask, torch.finfo(scores.dtype).min)
    elif attn_mask is not None:
        scores = scores + attn_mask
    return _times(_softmax(scores), value)


def _times(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    if one.requires_grad and other.requires_grad:
        return _product(torch.matmul, one, other)
    return one @ other


_RULES: dict[str, _Function] = {
    "softmax": _softmax,
    "layer_norm": _layer_norm,
    "scaled_dot_product_attention": _attention,
}


def _pairs(values: torch.Tensor) -> torch.Tensor:
    """Return a batch as notes and baselines [2, half of the batch, ...]."""
    return values.reshape(2, -1, *values.shape[1:])


def _with_gradient(results: torch.Tensor, linear: torch.Tensor) -> torch.Tensor:
    """Return results with the gradient of something linear, in pairs."""
    flat = linear.flatten(0, 1)
    return results.detach() + (flat - flat.detach())
