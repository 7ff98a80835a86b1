"""Custom heads on encoders of several families, as Hugging Face models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    PreTrainedModel,
    RobertaConfig,
    RobertaModel,
)

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.modeling import (
    EncoderWithHead,
    LabelSpace,
    NeuralSystem,
    build,
    load_model,
    rebuild,
    save_model,
)
from support import info_of, make_note, new_system, tiny
from toys import MaxHead, SegmentReading

SIZE: dict[str, Any] = {"hidden_size": 32, "num_attention_heads": 2, "vocab_size": 400}
LAYERS: dict[str, Any] = {"num_hidden_layers": 1, "intermediate_size": 48}


def bert() -> PreTrainedModel:
    return BertModel(BertConfig(**SIZE, **LAYERS), add_pooling_layer=False)


def roberta() -> PreTrainedModel:
    config = RobertaConfig(**SIZE, **LAYERS, max_position_embeddings=66, pad_token_id=1)
    return RobertaModel(config, add_pooling_layer=False)


def distilbert() -> PreTrainedModel:
    return DistilBertModel(DistilBertConfig(dim=32, n_heads=2, n_layers=1, hidden_dim=48, vocab_size=400))


@pytest.fixture(params=[bert, roberta, distilbert])
def encoder(request: pytest.FixtureRequest, little_corpus: Corpus, tmp_path: Path) -> Path:
    """The folder of an encoder of some family."""
    torch.manual_seed(0)
    request.param().save_pretrained(tmp_path / "encoder")
    new_system(little_corpus).tokenizer.save_pretrained(tmp_path / "encoder")
    return tmp_path / "encoder"


def segments(encoder: object, max_tokens: int = 128) -> dict[str, Any]:
    return {"encoder": encoder, "reading": SegmentReading(max_tokens=max_tokens), "head": MaxHead(scale=2.0)}


@pytest.fixture
def model(little_corpus: Corpus) -> EncoderWithHead:
    architecture = tiny(**{key: value for key, value in segments(None).items() if key != "encoder"})
    torch.manual_seed(0)
    built, _ = build(architecture, LabelSpace.of(little_corpus), texts=little_corpus.texts("train"))
    assert isinstance(built, EncoderWithHead)
    built.train(mode=False)
    return built


def batch_of(*lengths: int) -> dict[str, torch.Tensor]:
    notes = [np.arange(5, 5 + length, dtype=np.int32) for length in lengths]
    return SegmentReading().arrange(notes, 3)


def test_a_head_works_on_every_family_and_survives_saving(
    little_corpus: Corpus, encoder: Path, tmp_path: Path
) -> None:
    architecture = tiny(**segments(str(encoder)))
    torch.manual_seed(0)
    built, tokenizer = build(architecture, LabelSpace.of(little_corpus))
    system = NeuralSystem(built, tokenizer, architecture.reading)
    save_model(system, info_of(little_corpus, architecture), tmp_path / "model")
    loaded, _ = load_model(tmp_path / "model")
    texts = [make_note(number).text * (1 + number % 3) for number in range(8)]
    expected = np.stack([note.probabilities for note in system.score(texts)])
    np.testing.assert_array_equal(np.stack([note.probabilities for note in loaded.score(texts)]), expected)
    alone = np.stack([next(iter(system.score([text]))).probabilities for text in texts])
    np.testing.assert_allclose(alone, expected, atol=1e-6)


def test_the_auto_class_loads_it(model: EncoderWithHead, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    again = AutoModelForSequenceClassification.from_pretrained(tmp_path, dtype=torch.float32)
    batch = batch_of(20, 7)
    with torch.inference_mode():
        torch.testing.assert_close(again(**batch).logits, model(**batch).logits, rtol=0, atol=1e-6)


def test_a_piece_of_padding_alone_gives_no_nan(model: EncoderWithHead) -> None:
    with torch.inference_mode():
        together = model(**batch_of(40, 5)).logits
        alone = model(**batch_of(5)).logits
    assert torch.isfinite(together).all()
    torch.testing.assert_close(together[1:], alone, rtol=0, atol=1e-5)


def test_a_batch_of_padding_alone_is_refused(model: EncoderWithHead) -> None:
    batch = batch_of(20)
    batch["attention_mask"].zero_()
    with pytest.raises(ValueError, match="nothing but padding"):
        model(**batch)


def test_half_precision_comes_close(model: EncoderWithHead) -> None:
    batch = batch_of(20, 33)
    with torch.inference_mode():
        single = model(**batch).logits
        half: Any = model.to(torch.bfloat16)  # type: ignore[arg-type]
        torch.testing.assert_close(half(**batch).logits.float(), single, rtol=0.1, atol=0.1)


def test_gradient_checkpointing_changes_no_gradient(model: EncoderWithHead) -> None:
    gradients = []
    for checkpointing in (False, True):
        if checkpointing:
            model.activation_checkpointing_enable()
        model.train().zero_grad()
        model(**batch_of(20, 33)).logits.sum().backward()
        gradient = model.get_parameter("encoder.layers.1.mlp.Wi.weight").grad
        assert gradient is not None
        gradients.append(gradient.clone())
    torch.testing.assert_close(*gradients)


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_folder_of_another_architecture_is_refused(
    model: EncoderWithHead, little_corpus: Corpus, tmp_path: Path
) -> None:
    tokenizer = new_system(little_corpus).tokenizer
    architecture = tiny(reading=SegmentReading(), head=MaxHead(scale=2.0))
    system = NeuralSystem(model, tokenizer, architecture.reading)
    save_model(system, info_of(little_corpus, architecture), tmp_path / "model")
    load_model(tmp_path / "model")
    for head in ({"kind": "pooled"}, {"kind": "toy-max", "scale": 5.0}):
        edit(
            tmp_path / "model" / "clem.json",
            architecture={"encoder": "small", "reading": {"max_tokens": 16}, "head": head},
        )
        with pytest.raises(ModelError, match="disagree about the head"):
            load_model(tmp_path / "model")
    stock = new_system(little_corpus)
    stock.save(tmp_path / "stock")
    with pytest.raises(ModelError, match="disagree about the head"):
        rebuild(architecture, little_corpus.codes, tmp_path / "stock")


@pytest.mark.parametrize("head", [{"kind": "pooled"}, {"kind": "toy-max"}])
def test_a_model_with_a_custom_head_is_not_an_encoder(
    model: EncoderWithHead, little_corpus: Corpus, tmp_path: Path, head: dict[str, str]
) -> None:
    model.save_pretrained(tmp_path)
    new_system(little_corpus).tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="is a model with the head 'toy-max', expected an encoder"):
        build(tiny(128, encoder=str(tmp_path), head=head), LabelSpace.of(little_corpus))


def test_encoder_dropout_reaches_every_layer_and_leaves_the_head_alone(
    little_corpus: Corpus, encoder: Path
) -> None:
    chosen = {"kind": "pretrained", "name": str(encoder), "dropout": 0.3}
    model, _ = build(tiny(64, encoder=chosen), LabelSpace.of(little_corpus))
    rates: dict[str, set[float]] = {"encoder": set(), "head": set()}
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Dropout):
            inside = name.startswith(f"{model.base_model_prefix}.")
            rates["encoder" if inside else "head"].add(module.p)
    assert rates["encoder"] == {0.3}
    assert 0.3 not in rates["head"]


def test_the_remedy_for_segments_beyond_the_context_names_their_field(
    little_corpus: Corpus, encoder: Path
) -> None:
    longer = {**segments(str(encoder)), "reading": SegmentReading(max_tokens=2000, segment_tokens=1000)}
    with pytest.raises(ModelError, match=r"asked for 1000\. Set reading\.segment_tokens=(64|512)\."):
        build(tiny(**longer), LabelSpace.of(little_corpus))
