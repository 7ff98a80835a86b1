from __future__ import annotations

import pytest
import torch

from clem_icd.modeling.linears import OneDnnLinear, use_onednn
from clem_icd.speed import ceiling
from clem_icd.speed.ceiling import ceiling_tasks, gigaflops, matrix_size

CPU = torch.device("cpu")


def test_every_precision_is_multiplied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceiling, "SIZE", 64)
    tasks = ceiling_tasks(CPU)
    probe = torch.nn.Sequential(torch.nn.Linear(1, 1))
    use_onednn(probe)
    has_onednn = isinstance(probe[0], OneDnnLinear)
    assert (("fp32", "onednn") in tasks) == has_onednn
    products = {key: task() for key, task in tasks.items()}
    exact = products["fp32", "torch"]
    assert isinstance(exact, torch.Tensor)
    assert exact.shape == (64, 64)
    for key, product in products.items():
        assert isinstance(product, torch.Tensor)
        scale = 900 if key[0] == "int8" else 1  # entries were multiplied by 30
        # Rounding and clamping to integers change a product of 64 terms by little.
        assert torch.allclose(product.float() / scale, exact, atol=1.5), key


def test_a_release_without_integer_products_has_no_such_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceiling, "SIZE", 64)
    monkeypatch.delattr(torch, "_int_mm")
    assert {precision for precision, _ in ceiling_tasks(CPU)} == {"fp32", "bf16"}


def test_a_product_has_two_operations_per_term() -> None:
    assert gigaflops(2.0, 1_000) == 1.0
    assert matrix_size(CPU, quick=True) < matrix_size(CPU) < matrix_size(torch.device("cuda"))
