"""The operations of matrix products, against formulas and against PyTorch's count of a real pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModelForSequenceClassification, ModernBertConfig

from clem_icd.modeling import WholeReading
from clem_icd.speed.contender import Here
from clem_icd.speed.flops import Products
from clem_icd.speed.model import Model

WIDTH, INNER, LABELS, REACH = 32, 48, 5, 8


def config(*layers: str) -> ModernBertConfig:
    found = ModernBertConfig(
        vocab_size=100,
        hidden_size=WIDTH,
        intermediate_size=INNER,
        num_hidden_layers=len(layers),
        num_attention_heads=2,
        layer_types=[f"{layer}_attention" for layer in layers],
        local_attention=2 * REACH,
        max_position_embeddings=256,
        pad_token_id=0,
        cls_token_id=1,
        sep_token_id=2,
        bos_token_id=1,
        eos_token_id=2,
    )
    found.num_labels = LABELS
    return found


def linear(tokens: int) -> int:
    """The operations of one layer's matrices: queries, keys, values, output, and three of the MLP."""
    return 2 * tokens * (4 * WIDTH**2 + 3 * WIDTH * INNER)


def classifier() -> int:
    return 2 * (WIDTH**2 + WIDTH * LABELS)


@pytest.mark.parametrize("tokens", [1, 5, 9, 40])
def test_local_layers_count_the_pairs_in_their_window(tokens: int) -> None:
    products = Products(config("full", "sliding"), WholeReading(max_tokens=256))
    near = sum(abs(one - other) <= REACH for one in range(tokens) for other in range(tokens))
    layers = 2 * linear(tokens) + classifier()
    assert products.needed([tokens]) == layers + 4 * WIDTH * (tokens**2 + near)
    assert products.padded([tokens]) == layers + 4 * WIDTH * 2 * tokens**2


def test_the_count_is_that_of_a_real_pass() -> None:
    own = config("full", "full", "full")
    model: Any = AutoModelForSequenceClassification.from_config(own, attn_implementation="eager")
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model.eval()(input_ids=torch.ones(1, 70, dtype=torch.long))
    assert Products(own, WholeReading()).needed([70]) == counter.get_total_flops()


def test_padding_counts_as_the_longest_note_does_and_truncated_tokens_do_not() -> None:
    products = Products(config("full"), WholeReading(max_tokens=64))
    assert products.needed([10, 64]) == products.needed([10]) + products.needed([64])
    assert products.padded([10, 64]) == 2 * products.needed([64])
    assert products.needed([1_000]) == products.needed([64])


def test_segments_are_encoded_separately_and_the_head_sees_all_of_them(attending: Path) -> None:
    own = Here(Model.read(attending))
    encoder = 4 * (linear(96) + 4 * WIDTH * 3 * 32**2)  # four layers, three segments of 32 tokens
    labels = 6
    head = 2 * 96 * WIDTH**2 + 2 * (2 * 96 * labels * WIDTH)  # keys, and two products with labels
    assert own.needed([96]) == encoder + head
    assert own.needed([65]) == own.needed([96])
    assert own.needed([32]) < own.needed([96]) / 2.5
