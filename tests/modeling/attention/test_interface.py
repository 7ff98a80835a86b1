"""Encoders give the same vectors with block-local attention as with the attention of transformers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModel,
    BertConfig,
    EuroBertConfig,
    LlamaConfig,
    ModernBertConfig,
    ModernBertDecoderConfig,
    PreTrainedConfig,
    PreTrainedModel,
    RobertaConfig,
    RoFormerConfig,
    T5Config,
    T5EncoderModel,
)
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from clem_icd.modeling.attention import BLOCK_LOCAL
from clem_icd.modeling.attention.interface import attend
from support import LargestTensor

SIZE: dict[str, Any] = {
    "hidden_size": 32,
    "num_attention_heads": 4,
    "num_hidden_layers": 3,
    "intermediate_size": 48,
    "vocab_size": 100,
    "pad_token_id": 0,
}
REACH = 8
WINDOW = REACH + 1
LONG = 131  # tokens

Encoder = Callable[[str], PreTrainedModel]


def modernbert_config(**fields: Any) -> PreTrainedConfig:
    layers = ["full_attention", "sliding_attention", "sliding_attention"]
    choices = {"local_attention": 2 * REACH, "layer_types": layers, "cls_token_id": 1, "sep_token_id": 2}
    return ModernBertConfig(**{**SIZE, **choices, "bos_token_id": 1, "eos_token_id": 2, **fields})


def encoder(config: PreTrainedConfig, attention: str) -> PreTrainedModel:
    """Return an encoder with random weights, the same for every attention."""
    torch.manual_seed(0)
    copy = type(config)(**config.to_dict())
    if isinstance(config, T5Config):
        model = T5EncoderModel._from_config(copy, attn_implementation=attention)
    else:
        model = AutoModel.from_config(copy, attn_implementation=attention)
    # Larger than initial weights, so that attention is far from uniform.
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    assert model.config._attn_implementation == attention
    ready: PreTrainedModel = model.eval()
    return ready


def batch_of(tokens: int, *padding: slice) -> dict[str, torch.Tensor]:
    """Return a full row, and for each slice one that is padded there."""
    ids = torch.randint(5, 90, (1 + len(padding), tokens), generator=torch.Generator().manual_seed(tokens))
    mask = torch.ones_like(ids)
    for row, gap in enumerate(padding, start=1):
        ids[row, gap], mask[row, gap] = 0, 0
    return {"input_ids": ids, "attention_mask": mask}


def vectors(model: PreTrainedModel, batch: dict[str, Any]) -> torch.Tensor:
    """Return the vectors of real tokens, and 0 for padding, whose vectors mean nothing."""
    with torch.no_grad():
        found: torch.Tensor = model(**batch).last_hidden_state
    assert torch.isfinite(found).all()
    mask = batch.get("attention_mask")
    return found if mask is None else found * mask.unsqueeze(-1)


CONFIGS = {
    "modernbert": modernbert_config(),
    "bert": BertConfig(**SIZE),
    "roberta": RobertaConfig(**SIZE, max_position_embeddings=200),
    "shared keys": EuroBertConfig(**SIZE, num_key_value_heads=2),
    "position bias": T5Config(d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4, vocab_size=100),
    "causal": LlamaConfig(**SIZE, num_key_value_heads=2),
    "causal window": ModernBertDecoderConfig(**SIZE, local_attention=2 * REACH),
}


@pytest.mark.parametrize("other", ["eager", "sdpa"])
@pytest.mark.parametrize("family", CONFIGS)
def test_vectors_equal_those_of_other_attention(family: str, other: str) -> None:
    config = CONFIGS[family]
    expected, found = encoder(config, other), encoder(config, BLOCK_LOCAL)
    for batch in (batch_of(LONG), batch_of(LONG, slice(60, None), slice(-3, None))):
        torch.testing.assert_close(vectors(found, batch), vectors(expected, batch), rtol=0, atol=2e-5)


@pytest.mark.parametrize("tokens", [1, 5, WINDOW - 1, WINDOW, WINDOW + 1, 2 * WINDOW])
def test_vectors_of_short_sequences_equal_those_of_other_attention(tokens: int) -> None:
    batch = batch_of(tokens, slice(tokens // 2 + 1, None), slice(0, tokens // 2))
    expected, found = (vectors(encoder(modernbert_config(), name), batch) for name in ("eager", BLOCK_LOCAL))
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("family", ["modernbert", "bert", "roberta"])
def test_padding_on_the_left_or_in_the_middle_changes_nothing(family: str) -> None:
    batch = batch_of(LONG, slice(0, 40), slice(50, 90))
    expected, found = (vectors(encoder(CONFIGS[family], name), batch) for name in ("eager", BLOCK_LOCAL))
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("tokens", [WINDOW, LONG])
def test_a_note_of_padding_alone_gives_finite_vectors_and_gradients(tokens: int) -> None:
    model = encoder(modernbert_config(), BLOCK_LOCAL)
    found = model(**batch_of(tokens, slice(None))).last_hidden_state
    found.square().sum().backward()
    assert torch.isfinite(found).all()
    gradients = [parameter.grad for parameter in model.parameters()]
    assert all(gradient is not None and torch.isfinite(gradient).all() for gradient in gradients)


def test_half_precision_is_as_close_as_other_attention_in_half_precision() -> None:
    batch = batch_of(LONG, slice(70, None))
    exact = vectors(encoder(modernbert_config(), "eager"), batch)

    def error(attention: str) -> float:
        half: Any = encoder(modernbert_config(), attention)
        return float((vectors(half.to(torch.bfloat16), batch).float() - exact).square().mean().sqrt())

    # Rounding errors of two ways to compute the same; a wrong window is off by some 0.5.
    assert error(BLOCK_LOCAL) < 1.5 * max(error("eager"), error("sdpa")) < 0.15


def gradients(model: PreTrainedModel, tokens: int) -> dict[str, torch.Tensor]:
    batch = batch_of(tokens, slice(tokens // 2, None))
    found = model.train()(**batch).last_hidden_state * batch["attention_mask"][..., None]
    weights = torch.randn(found.shape, generator=torch.Generator().manual_seed(1))
    (found * weights).sum().backward()
    named = {name: parameter.grad for name, parameter in model.named_parameters()}
    assert None not in named.values()
    return {name: gradient.clone() for name, gradient in named.items() if gradient is not None}


@pytest.mark.parametrize("tokens", [WINDOW, LONG])
@pytest.mark.parametrize("other", ["eager", "sdpa"])
def test_gradients_of_all_parameters_equal_those_of_other_attention(tokens: int, other: str) -> None:
    expected = gradients(encoder(modernbert_config(), other), tokens)
    found = gradients(encoder(modernbert_config(), BLOCK_LOCAL), tokens)
    for name, gradient in expected.items():
        scale = float(gradient.abs().max())
        torch.testing.assert_close(found[name], gradient, rtol=0, atol=1e-4 * scale)


def test_gradient_checkpointing_changes_no_gradient() -> None:
    model = encoder(modernbert_config(), BLOCK_LOCAL)
    plain = gradients(model, LONG)
    model.zero_grad()
    model.activation_checkpointing_enable()
    for name, gradient in gradients(model, LONG).items():
        torch.testing.assert_close(gradient, plain[name])


@pytest.mark.parametrize("tokens", [WINDOW, LONG])
def test_dropout_of_attention_works_in_training_alone(tokens: int) -> None:
    model = encoder(modernbert_config(attention_dropout=0.3), BLOCK_LOCAL)
    plain = encoder(modernbert_config(), BLOCK_LOCAL)
    batch = batch_of(tokens)
    assert torch.equal(vectors(model, batch), vectors(plain, batch))
    model.train()
    assert float((vectors(model, batch) - vectors(model, batch)).abs().max()) > 0.01


def packed(lengths: list[int], first_position: int = 0) -> dict[str, Any]:
    """Return notes that follow each other in one row."""
    positions = torch.cat([torch.arange(length) for length in lengths])[None]
    ids = batch_of(sum(lengths))["input_ids"]
    return {"input_ids": ids, "position_ids": positions + first_position, "note_lengths": lengths}


@pytest.mark.parametrize(("family", "first_position"), [("modernbert", 0), ("bert", 0), ("roberta", 1)])
@pytest.mark.parametrize("lengths", [[LONG], [1, 1], [3, 90, 1, 20, WINDOW, 60], [7, 5]])
def test_packed_notes_equal_each_note_alone(family: str, first_position: int, lengths: list[int]) -> None:
    model = encoder(CONFIGS[family], BLOCK_LOCAL)
    batch = packed(lengths, first_position)
    together = vectors(model, batch)
    notes = batch["input_ids"].split(lengths, dim=1)
    alone = torch.cat([vectors(model, {"input_ids": note}) for note in notes], dim=1)
    torch.testing.assert_close(together, alone, rtol=0, atol=2e-5)


def test_packed_notes_train_like_each_note_alone() -> None:
    model = encoder(modernbert_config(), BLOCK_LOCAL).train()
    batch = packed([40, 3, 88])
    weights = torch.randn(1, LONG, 32, generator=torch.Generator().manual_seed(1))
    (model(**batch).last_hidden_state * weights).sum().backward()
    together = {name: parameter.grad for name, parameter in model.named_parameters()}
    model.zero_grad()
    notes = (part.split([40, 3, 88], dim=1) for part in (batch["input_ids"], weights))
    for note, own in zip(*notes, strict=True):
        (model(input_ids=note).last_hidden_state * own).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None
        scale = float(parameter.grad.abs().max())
        torch.testing.assert_close(together[name], parameter.grad, rtol=0, atol=1e-4 * scale)


def test_packed_notes_are_refused_in_a_causal_model_and_with_a_mask() -> None:
    with pytest.raises(ValueError, match="LlamaAttention is causal"):
        encoder(CONFIGS["causal"], BLOCK_LOCAL)(**packed([3, 4]))
    model = encoder(modernbert_config(), BLOCK_LOCAL)
    mask = torch.ones(1, 7, dtype=torch.long)
    mask[0, -1] = 0
    with pytest.raises(ValueError, match="ModernBertAttention has a mask"):
        model(**packed([3, 4]), attention_mask=mask)


def test_packed_notes_of_another_total_length_are_refused() -> None:
    with pytest.raises(RuntimeError, match="split"):
        encoder(modernbert_config(), BLOCK_LOCAL)(**{**packed([3, 4]), "note_lengths": [3, 5]})


def test_a_mask_of_pairs_is_used_as_it_is() -> None:
    """Pretraining packs texts by such masks, one for each kind of layer."""
    place = torch.arange(LONG)
    together = (place[:, None] < 50) == (place < 50)
    masks = {
        "full_attention": together[None, None],
        "sliding_attention": (together & ((place[:, None] - place).abs() <= REACH))[None, None],
    }
    batch = {"input_ids": batch_of(LONG)["input_ids"], "attention_mask": masks}
    found, expected = (
        encoder(modernbert_config(), name)(**batch).last_hidden_state for name in (BLOCK_LOCAL, "sdpa")
    )
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


class Layer(torch.nn.Module):
    is_causal = False


def test_heads_that_share_keys_may_have_a_window() -> None:
    query, key, value = torch.randn(2, 4, 60, 8), torch.randn(2, 2, 60, 8), torch.randn(2, 2, 60, 8)
    found, _ = attend(Layer(), query, key, value, None, sliding_window=5)
    keys, values = (part.repeat_interleave(2, dim=1) for part in (key, value))
    expected, _ = attend(Layer(), query, keys, values, None, sliding_window=5)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_a_causal_layer_may_have_a_window() -> None:
    layer = Layer()
    layer.is_causal = True
    query, key, value = torch.randn(3, 1, 1, 60, 4)
    found, _ = attend(layer, query, key, value, None, sliding_window=5)
    expected, _ = sdpa_attention_forward(layer, query, key, value, None)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_what_windows_cannot_compute_is_refused() -> None:
    query, key, value = torch.randn(3, 1, 1, 60, 4)
    with pytest.raises(ValueError, match="has no softcap"):
        attend(Layer(), query, key, value, None, sliding_window=5, softcap=30.0)


def test_a_model_that_transformers_cannot_give_sdpa_is_refused() -> None:
    with pytest.raises(ValueError, match="RoFormerModel does not support"):
        encoder(RoFormerConfig(**SIZE), BLOCK_LOCAL)


@pytest.mark.parametrize("padding", [(), (slice(1500, None),)])
def test_no_mask_of_all_pairs_is_made(padding: tuple[slice, ...]) -> None:
    tokens = 2048
    batch = batch_of(tokens, *padding)
    config = modernbert_config(num_attention_heads=1)
    model = encoder(config, BLOCK_LOCAL)
    with LargestTensor() as largest:
        vectors(model, batch)
    assert largest.elements < len(batch["input_ids"]) * tokens * 200
    with LargestTensor() as largest:
        vectors(encoder(config, "sdpa"), batch)
    assert largest.elements >= tokens**2


PLAIN = """
import json, sys, torch
from transformers import AutoModel
model = AutoModel.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
assert not [name for name in sys.modules if name.startswith("clem_icd")]
with torch.no_grad():
    found = model(input_ids=torch.arange(5, 85)[None]).last_hidden_state
print(json.dumps([model.config._attn_implementation, found[0, :, 0].tolist()]))
"""


def test_a_saved_model_names_no_attention_and_loads_without_this_package(tmp_path: Path) -> None:
    model = encoder(modernbert_config(), BLOCK_LOCAL)
    model.save_pretrained(tmp_path)
    assert not [path for path in tmp_path.glob("*.json") if "block_local" in path.read_text()]
    done = subprocess.run(
        [sys.executable, "-c", PLAIN, str(tmp_path)], capture_output=True, text=True, check=True
    )
    attention, found = json.loads(done.stdout)
    assert attention == "sdpa"
    expected = vectors(model, {"input_ids": torch.arange(5, 85)[None]})[0, :, 0]
    torch.testing.assert_close(torch.tensor(found), expected, rtol=0, atol=2e-5)
