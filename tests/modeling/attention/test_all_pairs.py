"""Attention in bf16, block by block, equals attention over all pairs but for rounding."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional

from clem_icd.modeling.attention import all_pairs, interface
from clem_icd.modeling.attention.all_pairs import all_pairs_attention
from clem_icd.modeling.attention.interface import States, attend
from support import LargestTensor


def states(tokens: int, *, heads: int = 4, batch: int = 1, width: int = 16) -> States:
    random = torch.Generator().manual_seed(tokens)
    query, key, value = (
        torch.randn((batch, heads, tokens, width), generator=random).bfloat16() for _ in range(3)
    )
    return query, key, value


def cut(some: States, tokens: slice) -> States:
    query, key, value = (part[:, :, tokens] for part in some)
    return query, key, value


def exact(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float) -> torch.Tensor:
    return functional.scaled_dot_product_attention(query.float(), key.float(), value.float(), scale=scaling)


@pytest.mark.parametrize("tokens", [1, 2, 127, 128, 129, 300])
@pytest.mark.parametrize("scores_at_once", [1, 1 << 14, 1 << 20])
def test_blocks_gather_what_all_pairs_gather(
    tokens: int, scores_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(all_pairs, "_SCORES", scores_at_once)
    some = states(tokens, batch=2)
    found = all_pairs_attention(*some, scaling=0.25)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), exact(*some, 0.25), rtol=0, atol=0.03)


def test_scores_of_all_pairs_are_never_held_at_once() -> None:
    tokens = 4_096
    with LargestTensor() as largest:
        all_pairs_attention(*states(tokens, heads=2), scaling=0.25)
    assert 0 < largest.elements < tokens * tokens / 8


class Layer(torch.nn.Module):
    """An attention layer that looks both ways."""

    is_causal = False


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of tokens of the notes that were computed in blocks."""
    lengths: list[int] = []

    def record(query: torch.Tensor, *others: torch.Tensor, **options: Any) -> torch.Tensor:
        lengths.append(query.shape[2])
        return all_pairs_attention(query, *others, **options)

    monkeypatch.setattr(interface, "all_pairs_attention", record)
    return lengths


def test_layers_without_a_window_use_it_for_every_note(calls: list[int]) -> None:
    some = states(150)
    together, _ = attend(Layer(), *some, None, note_lengths=[100, 50])
    assert calls == [100, 50]
    first, _ = attend(Layer(), *cut(some, slice(100)), None)
    assert torch.equal(together[:, :100], first)
    expected = exact(*cut(some, slice(100, None)), 0.25).transpose(1, 2)
    torch.testing.assert_close(together[:, 100:].float(), expected, rtol=0, atol=0.03)


def test_several_heads_may_share_keys_and_values(calls: list[int]) -> None:
    query, key, value = states(40)
    shared, _ = attend(Layer(), query, key[:, ::2], value[:, ::2], None)
    own = (query, key[:, ::2].repeat_interleave(2, 1), value[:, ::2].repeat_interleave(2, 1))
    assert torch.equal(shared, attend(Layer(), *own, None)[0])
    assert calls == [40, 40]


def test_other_precisions_masks_dropout_and_gradients_go_the_usual_way(calls: list[int]) -> None:
    query, key, value = states(20)
    mask = torch.ones(1, 20, dtype=torch.bool)
    attend(Layer(), query.float(), key.float(), value.float(), None)
    attend(Layer(), query, key, value, mask)
    attend(Layer(), query, key, value, None, dropout=0.5)
    attend(Layer(), query.clone().requires_grad_(), key, value, None)
    attend(Layer(), query, key, value, None, is_causal=True)
    assert calls == []
