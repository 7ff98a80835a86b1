"""The ceiling of a machine: how many operations per second its matrix products reach, by precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from clem_icd.modeling.linears import OneDnnLinear, use_onednn

SIZE = 2_048
"""Rows and columns of the matrices that are multiplied; on a GPU four times as many."""

QUICK_SIZE = 1_024

Task = Callable[[], object]


def ceiling_tasks(device: torch.device, *, quick: bool = False) -> dict[tuple[str, str], Task]:
    """Return a product of two large matrices for each precision and library that multiplies here.

    The fastest of several runs is the ceiling. Precisions are ``fp32``, ``bf16`` and ``int8``. In fp32 on a
    CPU there are two libraries: the one that PyTorch's linear layers use, and oneDNN, which this package
    uses.
    """
    size = matrix_size(device, quick=quick)
    random = torch.Generator().manual_seed(0)
    left, right = (torch.randn(size, size, generator=random).to(device) for _ in range(2))
    layer = torch.nn.Sequential(torch.nn.Linear(1, 1, bias=False))
    layer[0].weight = torch.nn.Parameter(right, requires_grad=False)
    tasks: dict[tuple[str, str], Task] = {("fp32", "torch"): _product(left, right, device)}
    use_onednn(layer)
    if device.type == "cpu" and isinstance(layer[0], OneDnnLinear):
        tasks["fp32", "onednn"] = _forward(layer, left)
    tasks["bf16", "torch"] = _product(left.bfloat16(), right.bfloat16(), device)
    if (multiply := _int8_product(device)) is not None:
        rows, columns = ((matrix * 30).clamp(-127, 127).to(torch.int8) for matrix in (left, right))
        tasks["int8", "torch"] = lambda: _finished(multiply(rows, columns.t()), device)
    return tasks


def matrix_size(device: torch.device, *, quick: bool = False) -> int:
    """Return the number of rows and columns that are multiplied."""
    if device.type != "cpu":
        return 4 * SIZE
    return QUICK_SIZE if quick else SIZE


def gigaflops(seconds: float, size: int) -> float:
    """Return how many thousand million operations per second one product of two square matrices is."""
    return 2 * size**3 / seconds / 1e9


def _product(left: torch.Tensor, right: torch.Tensor, device: torch.device) -> Task:
    return lambda: _finished(torch.nn.functional.linear(left, right), device)


def _forward(layer: torch.nn.Module, inputs: torch.Tensor) -> Task:
    @torch.inference_mode()
    def forward() -> object:
        return layer(inputs)

    return forward


def _finished(result: Any, device: torch.device) -> Any:
    """Wait until a GPU has computed a result."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return result


def _int8_product(device: torch.device) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None:
    """Return PyTorch's product of integers; None where this release or device has none."""
    # Not a documented interface, so a release may lack it.
    multiply: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None = getattr(torch, "_int_mm", None)
    if multiply is None:
        return None
    probe = torch.ones(32, 32, dtype=torch.int8, device=device)
    try:
        multiply(probe, probe)
    except RuntimeError:
        return None
    return multiply
