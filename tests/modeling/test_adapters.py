"""LoRA: what it trains, on every family of encoders, and that a merged model is like any other."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    BertModel,
    PreTrainedModel,
    RobertaConfig,
    RobertaModel,
)

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.modeling import (
    Architecture,
    LabelSpace,
    Lora,
    NeuralSystem,
    build,
    linears,
    load_model,
    save_model,
)
from clem_icd.modeling.assembly import require_adaptable
from clem_icd.modeling.linears import OneDnnLinear
from support import TINY, info_of, make_note, tiny
from toys import MaxHead

TEXTS = [make_note(number).text for number in range(6)]
LORA = Lora(rank=4, alpha=8, dropout=0.1)


@pytest.fixture(scope="module")
def encoders(system: NeuralSystem, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A tiny encoder of each family, with enough layers for peft to shorten their names."""
    shape = {
        "vocab_size": len(system.tokenizer),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 4,
        "num_attention_heads": 2,
        "pad_token_id": system.tokenizer.pad_token_id,
        "initializer_range": 0.1,
    }
    torch.manual_seed(0)
    found: dict[str, Any] = {"modernbert": TINY}
    for name, model in (
        ("bert", BertModel(BertConfig(**shape))),
        ("roberta", RobertaModel(RobertaConfig(**shape), add_pooling_layer=False)),
    ):
        folder = tmp_path_factory.mktemp("encoders") / name
        model.save_pretrained(folder)
        system.tokenizer.save_pretrained(folder)
        found[name] = str(folder)
    return found


@pytest.fixture(params=["modernbert", "roberta", "bert", "modernbert-tokens", "bert-tokens"])
def architecture(request: pytest.FixtureRequest, encoders: dict[str, Any]) -> Architecture:
    """An encoder of each family under the pooled head, and two under a head over tokens."""
    family, _, head = request.param.partition("-")
    return tiny(128, encoder=encoders[family], head=MaxHead() if head else {"kind": "pooled"}, adapter=LORA)


def built(architecture: Architecture, corpus: Corpus) -> NeuralSystem:
    torch.manual_seed(1)
    model, tokenizer = build(architecture, LabelSpace.of(corpus), texts=corpus.texts("train"))
    return NeuralSystem(model, tokenizer, architecture.reading)


def plain(architecture: Architecture) -> Architecture:
    return architecture.model_copy(update={"adapter": None})


def trained(architecture: Architecture, corpus: Corpus) -> NeuralSystem:
    """Return a system whose matrices have values as after training."""
    system = built(architecture, corpus)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for _, matrix in matrices(system.model):
            matrix.copy_(torch.randn(matrix.shape, generator=generator) / 8)
    return system


def matrices(model: PreTrainedModel) -> Iterator[tuple[str, torch.nn.Parameter]]:
    return ((name, one) for name, one in model.named_parameters() if "lora" in name)


def changed_layers(model: PreTrainedModel) -> set[str]:
    return {name.partition(".lora_")[0] for name, _ in matrices(model)}


def logits(system: NeuralSystem) -> torch.Tensor:
    model: Any = system.model.eval()
    collate = system.reading.collator(system.tokenizer.pad_token_id)
    notes = [{"input_ids": note.ids} for note in system.reading.read(system.tokenizer, TEXTS)]
    with torch.inference_mode():
        found: torch.Tensor = model(**collate(notes)).logits
    return found


def gradients(system: NeuralSystem) -> dict[str, torch.Tensor]:
    """Return the gradients that a batch gives, by parameter."""
    model: Any = system.model.train()
    torch.manual_seed(3)
    ids = torch.arange(5, 105).view(2, 50)
    model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.square().sum().backward()
    return {name: one.grad for name, one in system.model.named_parameters() if one.grad is not None}


def test_the_matrices_and_the_head_are_trained_and_nothing_else(
    architecture: Architecture, little_corpus: Corpus
) -> None:
    model = built(architecture, little_corpus).model
    encoder = f"{model.base_model_prefix}."
    is_stock_bert = type(model).__name__ == "BertForSequenceClassification"
    for name, parameter in model.named_parameters():
        of_head = not name.startswith(encoder) or (is_stock_bert and ".pooler." in name)
        assert parameter.requires_grad == (of_head or ".lora_" in name), name
    linear_layers = {
        f"{encoder}{name}"
        for name, module in built(plain(architecture), little_corpus).model.base_model.named_modules()
        if isinstance(module, torch.nn.Linear) and "pooler" not in name
    }
    assert changed_layers(model) == linear_layers
    assert len(linear_layers) >= 16


def test_the_matrices_have_the_rank_and_scale_of_the_recipe(little_corpus: Corpus) -> None:
    system = trained(tiny(128, adapter=LORA), little_corpus)
    before = built(tiny(128), little_corpus).model.get_parameter("model.layers.1.mlp.Wi.weight")
    layer = system.model.get_submodule("model.layers.1.mlp.Wi")
    down = layer.get_parameter("lora_A.default.weight").detach()
    up = layer.get_parameter("lora_B.default.weight").detach()
    assert (down.shape, up.shape) == ((4, 32), (96, 4))
    assert layer.get_submodule("lora_dropout.default").p == 0.1
    LORA.merge(system.model)
    after = system.model.get_parameter("model.layers.1.mlp.Wi.weight")
    torch.testing.assert_close(after, before + 8 / 4 * up @ down, rtol=0, atol=1e-6)


def test_an_untrained_adapter_changes_no_logit(architecture: Architecture, little_corpus: Corpus) -> None:
    expected = logits(built(plain(architecture), little_corpus))
    found = logits(built(architecture, little_corpus))
    assert found.std() > 0.01
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


def test_a_merged_model_has_the_same_logits_and_the_modules_of_the_plain_one(
    architecture: Architecture, little_corpus: Corpus
) -> None:
    system = trained(architecture, little_corpus)
    expected = logits(system)
    untrained = built(plain(architecture), little_corpus)
    merged = LORA.merge(system.model)
    assert merged is system.model
    torch.testing.assert_close(logits(system), expected, rtol=0, atol=1e-6)
    assert (logits(untrained) - expected).abs().max() > 0.01
    kinds = [(name, type(module)) for name, module in merged.named_modules()]
    assert kinds == [(name, type(module)) for name, module in untrained.model.named_modules()]
    assert all(parameter.requires_grad for parameter in merged.parameters())
    assert vars(merged.base_model).keys() == vars(untrained.model.base_model).keys()


def test_a_saved_model_is_loaded_without_peft_with_the_same_logits(
    architecture: Architecture, little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = trained(architecture, little_corpus)
    LORA.merge(system.model)
    expected = logits(system)
    save_model(system, info_of(little_corpus, architecture), tmp_path / "model")
    monkeypatch.setitem(sys.modules, "peft", None)
    names = load_file(tmp_path / "model" / "model.safetensors").keys()
    assert names == built(plain(architecture), little_corpus).model.state_dict().keys()
    about = json.loads((tmp_path / "model" / "clem.json").read_text(encoding="utf-8"))
    assert about["architecture"]["adapter"]["rank"] == 4
    loaded, _ = load_model(tmp_path / "model")
    assert isinstance(loaded, NeuralSystem)
    torch.testing.assert_close(logits(loaded), expected, rtol=0, atol=1e-6)
    if isinstance(architecture.head, MaxHead):
        return
    stock = AutoModelForSequenceClassification.from_pretrained(tmp_path / "model", attn_implementation="sdpa")
    loaded.model = stock
    torch.testing.assert_close(logits(loaded), expected, rtol=0, atol=1e-5)


def test_notes_are_scored_alike_before_and_after_merging(little_corpus: Corpus) -> None:
    """The model is packed in both cases."""
    system = trained(tiny(128, adapter=LORA), little_corpus)
    before = np.stack([note.probabilities for note in system.score(TEXTS)])
    LORA.merge(system.model)
    after = np.stack([note.probabilities for note in system.score(TEXTS)])
    np.testing.assert_allclose(after, before, atol=1e-6)


def test_gradients_reach_every_matrix_with_and_without_checkpointing(
    architecture: Architecture, little_corpus: Corpus
) -> None:
    """The inputs of a checkpointed layer need no gradient where the embeddings are frozen."""
    expected = gradients(trained(architecture, little_corpus))
    system = trained(architecture, little_corpus)
    recomputing: Any = system.model
    recomputing.activation_checkpointing_enable()
    found = gradients(system)
    used = {name for name, one in system.model.named_parameters() if one.requires_grad}
    assert found.keys() == expected.keys() == used
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-4, atol=1e-4)
    assert all(float(found[name].abs().max()) > 0 for name, _ in matrices(system.model))


def test_onednn_multiplies_below_the_matrices_and_after_merging(
    little_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = trained(tiny(128, adapter=LORA), little_corpus)
    found = logits(system)
    layer = "model.layers.0.attn.Wqkv"
    assert isinstance(system.model.get_submodule(f"{layer}.base_layer"), OneDnnLinear)
    assert isinstance(system.model.get_submodule(f"{layer}.lora_A.default"), OneDnnLinear)
    assert isinstance(LORA.merge(system.model).get_submodule(layer), OneDnnLinear)
    monkeypatch.setattr(linears, "_MULTIPLY", None)
    stock = trained(tiny(128, adapter=LORA), little_corpus)
    assert not any(isinstance(module, OneDnnLinear) for module in stock.model.modules())
    torch.testing.assert_close(found, logits(stock), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("family", "targets", "ends"),
    [
        ("modernbert", ["Wqkv"], ["attn.Wqkv"]),
        ("modernbert", ["Wo"], ["attn.Wo", "mlp.Wo"]),
        ("modernbert", ["mlp.Wo", "attn.Wqkv"], ["attn.Wqkv", "mlp.Wo"]),
        ("roberta", ["query", "value"], ["attention.self.query", "attention.self.value"]),
    ],
)
def test_targets_name_layers_by_their_ends(
    encoders: dict[str, Any], little_corpus: Corpus, family: str, targets: list[str], ends: list[str]
) -> None:
    architecture = tiny(128, encoder=encoders[family], adapter=Lora(targets=targets))
    names = changed_layers(built(architecture, little_corpus).model)
    assert sorted({name.split(".", 3 + (family == "roberta"))[-1] for name in names}) == ends
    assert len(names) == 4 * len(ends)


@pytest.mark.parametrize(
    ("family", "target", "choices"),
    [
        ("modernbert", "query", "attn.Wo, attn.Wqkv, mlp.Wi, mlp.Wo"),
        ("modernbert", "head.dense", "attn.Wo, attn.Wqkv, mlp.Wi, mlp.Wo"),
        ("modernbert", "qkv", "attn.Wo, attn.Wqkv, mlp.Wi, mlp.Wo"),
        (
            "bert",
            "pooler.dense",
            "attention.output.dense, attention.self.key, attention.self.query, attention.self.value, "
            "intermediate.dense, output.dense",
        ),
    ],
)
def test_a_target_that_the_encoder_lacks_is_refused_with_the_choices(
    encoders: dict[str, Any], little_corpus: Corpus, family: str, target: str, choices: str
) -> None:
    architecture = tiny(128, encoder=encoders[family], adapter=Lora(targets=[target]))
    words = (
        f"a {family} encoder has no linear layer '{target}', which adapter.targets names. "
        f"Choose from {choices}, or set adapter.targets=null for all."
    )
    for refuse in (require_adaptable, lambda one: built(one, little_corpus)):
        with pytest.raises(ModelError) as raised:
            refuse(architecture)
        assert str(raised.value) == words


def test_targets_are_checked_before_weights_are_read(
    encoders: dict[str, Any], tmp_path: Path, system: NeuralSystem
) -> None:
    """Only config and tokenizer are there."""
    system.model.base_model.config.save_pretrained(tmp_path)
    system.tokenizer.save_pretrained(tmp_path)
    require_adaptable(tiny(128, encoder=str(tmp_path), adapter=Lora(targets=["Wqkv"])))
    with pytest.raises(ModelError, match="no linear layer 'query'"):
        require_adaptable(tiny(128, encoder=str(tmp_path), adapter=Lora(targets=["Wqkv", "query"])))


def test_nothing_is_checked_without_an_adapter() -> None:
    require_adaptable(tiny(128, encoder="no/such-folder-here"))


def test_an_encoder_without_linear_layers_is_refused() -> None:
    encoder: Any = torch.nn.Sequential(torch.nn.Conv1d(2, 2, 1))
    encoder.config = SimpleNamespace(model_type="toy")
    with pytest.raises(ModelError, match=r"a toy encoder has no linear layers.*Set adapter=null"):
        Lora().require_encoder(encoder)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rank": 0}, "rank"),
        ({"alpha": 0}, "alpha"),
        ({"dropout": 1}, "dropout"),
        ({"targets": []}, "targets"),
        ({"targets": [""]}, "targets"),
        ({"targets": "Wqkv"}, "targets"),
        ({"r": 8}, "r"),
    ],
)
def test_impossible_fields_are_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Lora.model_validate(fields)
