"""Attention in a window equals attention to all pairs of tokens of which the far ones are masked."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.modeling.attention.windows import short_window_attention, window_attention
from support import LargestTensor

REACH = 20  # also the size of a block
SCALE = 0.3

Inputs = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def inputs(
    tokens: int, *, batch: int = 2, heads: int = 2, width: int = 8, dtype: torch.dtype = torch.float32
) -> Inputs:
    generator = torch.Generator().manual_seed(tokens)
    query, key, value = torch.randn(3, batch, heads, tokens, width, generator=generator).to(dtype)
    return query, key, value


def allowed_pairs(
    tokens: int, reach: int, mask: torch.Tensor | None = None, notes: torch.Tensor | None = None
) -> torch.Tensor:
    """Return which token may see which [batch or 1, 1, tokens, tokens]."""
    place = torch.arange(tokens)
    allowed = ((place[:, None] - place[None, :]).abs() <= reach)[None, None]
    if mask is not None:
        allowed = allowed & mask[:, None, None, :]
    if notes is not None:
        allowed = allowed & (notes[:, None, :, None] == notes[:, None, None, :])
    return allowed


def dense(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    reach: int,
    mask: torch.Tensor | None = None,
    notes: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return the attention of all pairs, which is 0 for a token that may see none."""
    scores = query @ key.transpose(-1, -2) * SCALE
    allowed = allowed_pairs(query.shape[2], reach, mask, notes)
    weights = scores.masked_fill(~allowed, -1e30).softmax(dim=-1)
    return weights.masked_fill(~allowed, 0.0) @ value


# Any, because a tensor's backward is untyped.
local: Callable[..., Any] = functools.partial(window_attention, scaling=SCALE)


def assert_same_where_a_token_sees_any(
    found: torch.Tensor, expected: torch.Tensor, allowed: torch.Tensor
) -> None:
    sees = allowed.any(dim=-1)[..., None]
    torch.testing.assert_close(found * sees, expected * sees, rtol=0, atol=1e-5)


LENGTHS = [
    1,
    2,
    REACH - 1,
    REACH,
    REACH + 1,
    2 * REACH,
    2 * REACH + 3,
    3 * REACH - 1,
    3 * REACH,
    5 * REACH + 7,
]


@pytest.mark.parametrize("tokens", LENGTHS)
def test_it_equals_dense_attention_at_every_length(tokens: int) -> None:
    found = local(*inputs(tokens), REACH)
    torch.testing.assert_close(found, dense(*inputs(tokens), REACH), rtol=0, atol=1e-5)


@pytest.mark.parametrize("reach", [0, 1, 3, 15, 16, 17])
@pytest.mark.parametrize("tokens", [1, 15, 16, 17, 35, 64])
def test_it_equals_dense_attention_where_the_reach_is_smaller_than_a_block(tokens: int, reach: int) -> None:
    found = local(*inputs(tokens), reach)
    torch.testing.assert_close(found, dense(*inputs(tokens), reach), rtol=0, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_it_equals_dense_attention_for_any_shape_mask_and_notes(data: st.DataObject) -> None:
    batch, heads, tokens = (data.draw(st.integers(1, most)) for most in (3, 3, 90))
    reach = data.draw(st.integers(0, 40))
    shape = inputs(tokens, batch=batch, heads=heads, width=data.draw(st.sampled_from([1, 4, 5])))
    mask = torch.tensor(data.draw(rows_of(st.booleans(), batch, tokens)))
    numbers = torch.tensor(data.draw(rows_of(st.integers(0, 1), batch, tokens)))
    notes = numbers.cumsum(dim=1) if data.draw(st.booleans()) else None
    found = local(*shape, reach, mask=mask, notes=notes)
    assert torch.isfinite(found).all()
    expected = dense(*shape, reach, mask, notes)
    assert_same_where_a_token_sees_any(found, expected, allowed_pairs(tokens, reach, mask, notes))


def rows_of(values: st.SearchStrategy[int], batch: int, tokens: int) -> st.SearchStrategy[list[list[int]]]:
    return st.lists(st.lists(values, min_size=tokens, max_size=tokens), min_size=batch, max_size=batch)


@pytest.mark.parametrize("begin", [0, 7, REACH - 1, REACH, 2 * REACH + 5])
@pytest.mark.parametrize("part", ["key", "value"])
def test_a_token_sees_exactly_the_tokens_in_reach_on_both_sides(begin: int, part: str) -> None:
    """One key or value changes, and with it exactly the tokens at most `REACH` away."""
    tokens = 4 * REACH + 3
    query, key, value = inputs(tokens)
    before = local(query, key, value, REACH)
    (key if part == "key" else value)[:, :, begin] += 3.0
    changed = (local(query, key, value, REACH) != before).any(dim=-1).all(dim=1).all(dim=0)
    distance = (torch.arange(tokens) - begin).abs()
    assert torch.equal(changed, distance <= REACH)


def padded(tokens: int, *hidden: slice) -> torch.Tensor:
    """Return a mask whose first row is real, and whose other rows lack a slice each [1 + slices, tokens]."""
    mask = torch.ones(1 + len(hidden), tokens, dtype=torch.bool)
    for row, gap in enumerate(hidden, start=1):
        mask[row, gap] = False
    return mask


def test_padding_on_the_left_the_right_and_inside_is_seen_by_no_token() -> None:
    tokens = 3 * REACH + 5
    mask = padded(tokens, slice(0, 30), slice(-30, None), slice(25, 30), slice(10, 60))
    query, key, value = inputs(tokens, batch=5)
    found = local(query, key, value, REACH, mask=mask)
    allowed = allowed_pairs(tokens, REACH, mask)
    assert_same_where_a_token_sees_any(found, dense(query, key, value, REACH, mask), allowed)
    padding = ~mask[:, None, :, None]
    changed = local(
        query, key.masked_fill(padding, 50.0), value.masked_fill(padding, -50.0), REACH, mask=mask
    )
    real = mask[:, None, :, None]
    torch.testing.assert_close(changed * real, found * real, rtol=0, atol=0)


def test_a_row_of_padding_alone_gives_finite_values_and_gradients() -> None:
    tokens = 2 * REACH + 3
    shape = [part.requires_grad_() for part in inputs(tokens)]
    found = local(*shape, REACH, mask=padded(tokens, slice(None)))
    found.square().sum().backward()
    assert torch.isfinite(found).all()
    assert all(part.grad is not None and torch.isfinite(part.grad).all() for part in shape)
    alone = local(*(part[:1] for part in shape), REACH)
    torch.testing.assert_close(found[:1], alone, rtol=0, atol=1e-6)


def numbered(lengths: Sequence[int]) -> torch.Tensor:
    return torch.arange(1, len(lengths) + 1).repeat_interleave(torch.tensor(lengths))[None]


@pytest.mark.parametrize("lengths", [[1, 1, 1], [REACH, REACH], [3, 45, 1, 20, 90, 2], [2 * REACH + 1, 7]])
def test_notes_in_a_row_do_not_see_each_other(lengths: list[int]) -> None:
    query, key, value = inputs(sum(lengths), batch=1)
    together = local(query, key, value, REACH, notes=numbered(lengths))
    parts = (torch.split(part, lengths, dim=2) for part in (query, key, value))
    alone = torch.cat([local(*note, REACH) for note in zip(*parts, strict=True)], dim=2)
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)


def test_half_precision_is_as_close_as_dense_attention_in_half_precision() -> None:
    """Scores, weights and sums are rounded to 8 bits, so that values of size 1 are off by some 2**-8."""
    tokens = 3 * REACH + 1
    exact = dense(*inputs(tokens), REACH)
    half = inputs(tokens, dtype=torch.bfloat16)
    found = local(*half, REACH)
    assert found.dtype == torch.bfloat16
    error = (found.float() - exact).abs().max()
    assert float(error) < 2 * float((dense(*half, REACH).float() - exact).abs().max())
    assert float(error) < 4 * 2**-8


def gradients(
    attention: Callable[..., torch.Tensor], shape: Inputs, *more: object, **options: object
) -> Inputs:
    leaves = [part.clone().requires_grad_() for part in shape]
    found = attention(*leaves, REACH, *more, **options)
    weights = torch.randn(found.shape, generator=torch.Generator().manual_seed(1))
    query, key, value = torch.autograd.grad((found * weights).sum(), leaves)
    return query, key, value


@pytest.mark.parametrize("tokens", [1, REACH, REACH + 1, 3 * REACH + 5])
def test_gradients_equal_those_of_dense_attention(tokens: int) -> None:
    shape = inputs(tokens)
    for found, expected in zip(gradients(local, shape), gradients(dense, shape), strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_gradients_equal_those_of_dense_attention_with_padding_and_notes() -> None:
    tokens = 3 * REACH + 5
    mask = padded(tokens, slice(2 * REACH, None))
    notes = numbered([30, tokens - 30]).expand(2, -1)
    # Tokens that see none are left out: their values are arbitrary.
    sees = allowed_pairs(tokens, REACH, mask, notes).any(dim=-1)[..., None]

    def of(attention: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        return lambda *shape: attention(*shape, mask=mask, notes=notes) * sees

    shape = inputs(tokens)
    for found, expected in zip(gradients(of(local), shape), gradients(of(dense), shape), strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_gradients_equal_finite_differences_in_double_precision() -> None:
    shape = tuple(
        part.requires_grad_() for part in inputs(19, batch=1, heads=1, width=2, dtype=torch.float64)
    )
    mask = padded(19)
    mask[0, 5:8] = False
    assert torch.autograd.gradcheck(lambda *leaves: local(*leaves, 2, mask=mask), shape)


def test_double_precision_stays_double() -> None:
    shape = inputs(50, dtype=torch.float64)
    torch.testing.assert_close(local(*shape, REACH), dense(*shape, REACH), rtol=0, atol=1e-12)


def test_dropout_drops_weights_and_keeps_their_sum_on_average() -> None:
    query, key, _ = inputs(3 * REACH, batch=8)
    ones = torch.ones_like(query)
    torch.testing.assert_close(local(query, key, ones, REACH, dropout=0.0), ones)
    torch.manual_seed(0)
    dropped = local(query, key, ones, REACH, dropout=0.5)
    assert float(dropped.std()) > 0.05
    assert abs(float(dropped.mean()) - 1.0) < 0.02


def test_no_tensor_of_all_pairs_of_tokens_is_made() -> None:
    tokens = 4096
    shape = [part.requires_grad_() for part in inputs(tokens, batch=1, heads=1)]
    with LargestTensor() as largest:
        local(*shape, REACH, mask=padded(tokens), notes=numbered([tokens])).sum().backward()
    # Three blocks of keys for each query.
    assert 3 * REACH * tokens <= largest.elements < 4 * REACH * tokens
    with LargestTensor() as largest:
        dense(*inputs(tokens, batch=1, heads=1), REACH)
    assert largest.elements >= tokens**2


def test_training_works_after_scoring_in_inference_mode() -> None:
    """What is kept from one call to the next must not be an inference tensor."""
    shape = inputs(61, batch=1)
    with torch.inference_mode():
        scored = local(*shape, 18)
    leaves = [part.requires_grad_() for part in shape]
    trained = local(*leaves, 18)
    trained.sum().backward()
    torch.testing.assert_close(trained, scored, rtol=0, atol=0)


@pytest.mark.parametrize("tokens", [1, 7, 40])
def test_short_notes_gather_the_same_from_a_mask_of_pairs(tokens: int) -> None:
    torch.manual_seed(0)
    query, key, value = (torch.randn(3, 2, tokens, 8, requires_grad=True) for _ in range(3))
    mask = torch.ones(3, tokens, dtype=torch.bool)
    mask[1, tokens // 2 :] = False
    mask[2] = False

    def gathered(attention: Any) -> list[torch.Tensor]:
        found = attention(query, key, value, 5, scaling=0.3, mask=mask)
        real = found[mask[:, None].expand(found.shape[:3])]
        assert torch.isfinite(found).all()
        return [real.detach(), *torch.autograd.grad(real.square().sum(), (query, key, value))]

    for one, other in zip(gathered(short_window_attention), gathered(window_attention), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5)
