"""What is traced computes what the model computes, for every head and reading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.modeling import NeuralSystem, convert_encoder
from clem_icd.modeling.onnx.attention import attend
from clem_icd.modeling.onnx.module import ProbabilitiesOfNotes
from encoder_folders import write_pickled
from modeling.onnx.conftest import system_of
from toys import SegmentReading

WHOLE = {"kind": "whole", "max_tokens": 1024}
SEGMENTS = {"kind": "segments", "max_tokens": 128, "segment_tokens": 16}
WITH_SPECIAL = {**SEGMENTS, "special_tokens": "segment"}
ATTENTION = {"kind": "label-attention"}
PUBLISHED = {**ATTENTION, "compat": "plm-icd"}

CASES = [
    ({"kind": "pooled", "pooling": "cls"}, WHOLE),
    ({"kind": "pooled", "pooling": "mean"}, WHOLE),
    (ATTENTION, WHOLE),
    (ATTENTION, SEGMENTS),
    (ATTENTION, WITH_SPECIAL),
    (PUBLISHED, SEGMENTS),
    ({"kind": "label-cross-attention"}, WHOLE),
    ({"kind": "label-cross-attention", "output": "own"}, SEGMENTS),
    ({"kind": "label-tree-attention"}, WHOLE),
    ({"kind": "label-tree-attention"}, WITH_SPECIAL),
]


def ids_of(system: NeuralSystem, texts: list[str]) -> list[list[int]]:
    """The tokens of notes, cut as the exported tokenizer cuts them."""
    most = system.reading.note_tokens
    found = [list(system.tokenizer(text, verbose=False)["input_ids"]) for text in texts]
    return [ids if len(ids) <= most else [*ids[: most - 1], ids[-1]] for ids in found]


def batch(notes: list[list[int]], padding: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(len(ids) for ids in notes) + padding
    rows = [ids + [0] * (longest - len(ids)) for ids in notes]
    masks = [[1] * len(ids) + [0] * (longest - len(ids)) for ids in notes]
    return torch.tensor(rows), torch.tensor(masks)


@pytest.mark.parametrize(("head", "reading"), CASES)
@torch.inference_mode()
def test_the_traced_module_gives_the_probabilities_of_the_system(
    little_corpus: Corpus, head: dict[str, Any], reading: dict[str, Any]
) -> None:
    system = system_of(little_corpus, head, reading)
    some = list(little_corpus.texts("test"))[:4]
    texts = [*some, "pneumonia", " ".join(some * 3)]
    expected = np.array([next(system.score([text])).probabilities for text in texts])
    assert expected.std() > 0.05
    notes = ids_of(system, texts)
    module = ProbabilitiesOfNotes(system)
    alone = np.concatenate([module(*batch([ids])).numpy() for ids in notes])
    assert np.abs(alone - expected).max() < 1e-6
    if head != PUBLISHED:
        together = module(*batch(notes, padding=37)).numpy()
        assert np.abs(together - expected).max() < 1e-6


@pytest.mark.parametrize("tokens", [7, 63, 64, 65, 130, 600])
@torch.inference_mode()
def test_windows_are_those_of_the_encoder_at_any_length(little_corpus: Corpus, tokens: int) -> None:
    system = system_of(little_corpus, {"kind": "pooled", "pooling": "mean"}, WHOLE)
    ids = torch.randint(5, 300, (2, tokens), generator=torch.Generator().manual_seed(tokens))
    mask = torch.ones_like(ids)
    mask[1, tokens // 2 :] = 0
    stock: Any = system.model
    stock.set_attn_implementation("eager")
    expected = stock(input_ids=ids, attention_mask=mask).logits.sigmoid()
    found = ProbabilitiesOfNotes(system)(ids, mask)
    assert (found - expected).abs().max() < 1e-6


@torch.inference_mode()
def test_a_far_token_changes_a_token_only_through_layers_over_all_pairs(little_corpus: Corpus) -> None:
    system = system_of(little_corpus, {"kind": "pooled"}, WHOLE)
    module = ProbabilitiesOfNotes(system)
    layer: Any = module.model.get_submodule("model.layers.1.attn")
    hidden = torch.randn(1, 400, 32, generator=torch.Generator().manual_seed(0))
    changed = hidden.clone()
    changed[0, 300] += 1
    positions = torch.ones(1, 400, 16), torch.zeros(1, 400, 16)
    real = torch.ones(1, 400, dtype=torch.bool)
    one, other = (layer(states, positions, real)[0] for states in (hidden, changed))
    moved = (one - other).abs().amax(dim=-1)[0].nonzero()[:, 0]
    assert (int(moved.min()), int(moved.max())) == (300 - 64, 300 + 64)


@torch.inference_mode()
def test_plm_icd_on_a_roberta_is_traced_as_it_reads(little_corpus: Corpus, tmp_path: Path) -> None:
    encoder = tmp_path / "encoder"
    convert_encoder(write_pickled(tmp_path / "roberta", zipped=False), encoder)
    reading = {"kind": "segments", "max_tokens": 256, "segment_tokens": 32}
    system = system_of(little_corpus, PUBLISHED, reading, {"kind": "pretrained", "name": str(encoder)})
    texts = list(little_corpus.texts("test"))[:4]
    expected = np.array([next(system.score([text])).probabilities for text in texts])
    module = ProbabilitiesOfNotes(system)
    found = np.concatenate([module(*batch([ids])).numpy() for ids in ids_of(system, texts)])
    assert np.abs(found - expected).max() < 1e-6


def test_a_causal_encoder_is_refused() -> None:
    layer = torch.nn.Module()
    layer.is_causal = True  # type: ignore[assignment]
    states = torch.ones(1, 2, 5, 4)
    with pytest.raises(ValueError, match="has a causal mask"):
        attend(layer, states, states, states, torch.ones(1, 5, dtype=torch.bool))


def test_a_reading_that_cannot_be_in_a_graph_is_refused() -> None:
    ids = torch.ones(1, 20, dtype=torch.long)
    with pytest.raises(ModelError, match="toy-segments cannot be a part of a graph"):
        SegmentReading(max_tokens=128).pieces(ids, ids, 0)
