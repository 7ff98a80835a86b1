from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    BertConfig,
    BertForMaskedLM,
    ModernBertForSequenceClassification,
    PreTrainedModel,
    RobertaConfig,
    RobertaModel,
)

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.modeling import (
    LabelSpace,
    NeuralSystem,
    PooledHead,
    attention_for,
    build,
    load_model,
    save_model,
    shipped_encoders,
)
from clem_icd.modeling.attention import BLOCK_LOCAL
from clem_icd.modeling.context import context_of
from support import TINY, info_of, new_system, tiny


def test_the_small_encoder_is_a_stock_modernbert(little_corpus: Corpus, system: NeuralSystem) -> None:
    config = system.model.config
    assert type(system.model) is ModernBertForSequenceClassification
    assert config.problem_type == "multi_label_classification"
    assert [config.id2label[position] for position in range(config.num_labels)] == [
        code.value for code in little_corpus.codes
    ]
    assert set(config.layer_types) == {"full_attention", "sliding_attention"}


def test_the_same_seed_gives_the_same_weights(little_corpus: Corpus, system: NeuralSystem) -> None:
    again = new_system(little_corpus)
    for one, other in zip(system.model.parameters(), again.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_an_encoder_is_loaded_from_a_folder(
    little_corpus: Corpus, system: NeuralSystem, tmp_path: Path
) -> None:
    system.model.model.save_pretrained(tmp_path)
    system.tokenizer.save_pretrained(tmp_path)
    model, _ = build(
        tiny(512, encoder=str(tmp_path), head={"kind": "pooled", "pooling": "cls"}),
        LabelSpace.of(little_corpus),
    )
    assert (model.config.classifier_pooling, model.config.num_labels) == ("cls", len(little_corpus.codes))
    torch.testing.assert_close(
        model.get_parameter("model.layers.1.mlp.Wi.weight"),
        system.model.get_parameter("model.layers.1.mlp.Wi.weight"),
    )


@pytest.mark.parametrize("encoder", ["no/such-folder-here", "README.md"])
def test_a_missing_encoder_is_named_in_the_error(
    little_corpus: Corpus, encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=encoder):
        build(tiny(64, encoder=encoder), LabelSpace.of(little_corpus))


def test_more_tokens_than_the_encoder_reads_are_refused(
    little_corpus: Corpus, system: NeuralSystem, tmp_path: Path
) -> None:
    system.model.model.save_pretrained(tmp_path)
    system.tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="reads 8192 tokens, asked for 9000"):
        build(tiny(9000, encoder=str(tmp_path)), LabelSpace.of(little_corpus))


def test_the_prior_bias_predicts_the_smoothed_label_frequencies(little_corpus: Corpus) -> None:
    system = new_system(little_corpus)
    counts = np.array([50, 10, 1, 0, 100, 25])
    frequencies = np.array([50.5, 10.5, 1.5, 0.5, 100.5, 25.5]) / 101
    labels = replace(LabelSpace.of(little_corpus), counts=counts, notes=100)
    PooledHead(prior_bias=True).initialize(system.model, system.tokenizer, labels)
    with torch.no_grad():
        system.model.get_parameter("classifier.weight").zero_()
    (score,) = system.score(["any note"])
    np.testing.assert_allclose(score.probabilities, frequencies, rtol=1e-5)


def test_prior_log_odds_are_finite_for_labels_on_no_or_all_notes() -> None:
    def log_odds(counts: list[int], notes: int) -> list[float]:
        none = (None,) * len(counts)
        return list(LabelSpace((), none, np.array(counts), notes).log_odds)

    # 1/2 of 4 against 7/2 of 4, and the reverse; 3/2 against 5/2 in between.
    assert log_odds([0, 3, 1], 3) == pytest.approx([-np.log(7), np.log(7), np.log(3 / 5)])
    # The more notes a label is missing from, the less likely it is.
    assert log_odds([0], 30_000) < log_odds([0], 300) < log_odds([1], 300) < log_odds([150], 300) == [0.0]


def test_flash_attention_is_used_only_in_half_precision_on_a_gpu() -> None:
    assert attention_for(torch.device("cpu"), torch.bfloat16) == BLOCK_LOCAL
    assert attention_for(torch.device("cuda"), torch.float32) == BLOCK_LOCAL


def test_every_shipped_encoder_has_a_config() -> None:
    assert all((folder / "config.json").is_file() for folder in shipped_encoders().values())


def classifier_on(place: Path, corpus: Corpus, max_tokens: int = 128) -> PreTrainedModel:
    model, _ = build(tiny(max_tokens, encoder=str(place)), LabelSpace.of(corpus))
    return model


def change_weights(place: Path, change: Callable[[str, torch.Tensor], dict[str, torch.Tensor]]) -> None:
    path = place / "model.safetensors"
    changed: dict[str, torch.Tensor] = {}
    for name, tensor in load_file(path).items():
        changed |= change(name, tensor)
    save_file(changed, path, metadata={"format": "pt"})


def renamed(name: str, tensor: torch.Tensor) -> dict[str, torch.Tensor]:
    return {f"oops.{name}": tensor}


def dropped(name: str, tensor: torch.Tensor) -> dict[str, torch.Tensor]:
    return {} if name.endswith("layers.1.mlp.Wi.weight") else {name: tensor}


def misshapen(name: str, tensor: torch.Tensor) -> dict[str, torch.Tensor]:
    return {name: tensor[:-1].clone() if name.endswith("layers.1.mlp.Wi.weight") else tensor}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (renamed, r"lacks 26 parameters of the model: for example model\.embeddings\.norm\.weight"),
        (dropped, r"lacks 1 parameter of the model: for example model\.layers\.1\.mlp\.Wi\.weight"),
        (misshapen, r"has 1 parameter in another shape .* in 95 x 32, expected 96 x 32"),
    ],
)
def test_an_encoder_with_missing_or_misshapen_weights_is_refused(
    little_corpus: Corpus,
    system: NeuralSystem,
    tmp_path: Path,
    change: Callable[[str, torch.Tensor], dict[str, torch.Tensor]],
    words: str,
) -> None:
    system.save(tmp_path)
    change_weights(tmp_path, change)
    with pytest.raises(ModelError, match=rf"/model\.safetensors: {words}.*Copy the encoder's folder again"):
        classifier_on(tmp_path, little_corpus)


def test_a_masked_language_model_without_a_pooler_is_loaded(
    little_corpus: Corpus, system: NeuralSystem, tmp_path: Path
) -> None:
    config = BertConfig(
        vocab_size=len(system.tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=1,
        num_attention_heads=2,
    )
    masked = BertForMaskedLM(config)
    masked.save_pretrained(tmp_path)
    system.tokenizer.save_pretrained(tmp_path)
    model = classifier_on(tmp_path, little_corpus)
    name = "bert.encoder.layer.0.output.dense.weight"
    torch.testing.assert_close(model.get_parameter(name), masked.get_parameter(name))


def test_the_head_of_a_run_with_other_labels_is_replaced(
    little_corpus: Corpus, system: NeuralSystem, tmp_path: Path
) -> None:
    save_model(system, info_of(little_corpus), tmp_path / "model")
    codes = little_corpus.codes[:4]
    labels = LabelSpace(codes, (None,) * 4, np.ones(4, dtype=np.int64), 10)
    model, _ = build(tiny(128, encoder=str(tmp_path / "model")), labels)
    assert model.config.id2label == {position: code.value for position, code in enumerate(codes)}
    assert model.get_parameter("classifier.weight").shape == (4, 32)
    name = "model.layers.1.mlp.Wi.weight"
    torch.testing.assert_close(model.get_parameter(name), system.model.get_parameter(name))


def test_a_model_can_be_retrained_on_longer_notes(little_corpus: Corpus, tmp_path: Path) -> None:
    system = new_system(little_corpus)
    save_model(
        NeuralSystem(system.model, system.tokenizer, tiny(64).reading),
        info_of(little_corpus),
        tmp_path / "model",
    )
    assert context_of(classifier_on(tmp_path / "model", little_corpus, 128)) == 8192


@pytest.fixture
def roberta(system: NeuralSystem, tmp_path: Path) -> Path:
    """An encoder with 66 positions, counted from 2."""
    config = RobertaConfig(
        vocab_size=len(system.tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=66,
        pad_token_id=1,
    )
    RobertaModel(config, add_pooling_layer=False).save_pretrained(tmp_path / "roberta")
    system.tokenizer.save_pretrained(tmp_path / "roberta")
    return tmp_path / "roberta"


def test_the_context_of_roberta_is_shorter_than_its_positions(little_corpus: Corpus, roberta: Path) -> None:
    with pytest.raises(ModelError, match=r"reads 64 tokens, asked for 65\. Set reading\.max_tokens=64"):
        classifier_on(roberta, little_corpus, 65)
    model = classifier_on(roberta, little_corpus, 64)
    assert torch.isfinite(model(input_ids=torch.full((1, 64), 5)).logits).all()
    with pytest.raises((IndexError, RuntimeError)):
        model(input_ids=torch.full((1, 65), 5))


def test_a_model_folder_that_exceeds_its_encoders_context_is_refused(
    little_corpus: Corpus, system: NeuralSystem, roberta: Path, tmp_path: Path
) -> None:
    beyond = NeuralSystem(classifier_on(roberta, little_corpus, 64), system.tokenizer, tiny(65).reading)
    save_model(beyond, info_of(little_corpus, tiny(65)), tmp_path / "model")
    with pytest.raises(ModelError, match="reads 64 tokens, asked for 65"):
        load_model(tmp_path / "model")


def test_dropout_is_set_in_every_model_family(little_corpus: Corpus, roberta: Path) -> None:
    encoder = {"kind": "pretrained", "name": str(roberta), "dropout": 0.3}
    model, _ = build(tiny(64, encoder=encoder, head={"dropout": 0.2}), LabelSpace.of(little_corpus))
    rates = {name: module.p for name, module in model.named_modules() if isinstance(module, torch.nn.Dropout)}
    assert rates.pop("classifier.dropout") == 0.2
    assert set(rates.values()) == {0.3}
    config = new_system(little_corpus, tiny(encoder=TINY.model_copy(update={"dropout": 0.3}))).model.config
    assert (config.embedding_dropout, config.mlp_dropout, config.attention_dropout) == (0.3, 0.3, 0.3)
    assert config.classifier_dropout == 0.0


def test_a_field_that_the_encoder_does_not_support_is_refused(little_corpus: Corpus, roberta: Path) -> None:
    architecture = tiny(64, encoder=str(roberta), head={"pooling": "mean"})
    with pytest.raises(ModelError, match=r"stock head of a roberta encoder has no pooling.*head\.pooling"):
        build(architecture, LabelSpace.of(little_corpus))
