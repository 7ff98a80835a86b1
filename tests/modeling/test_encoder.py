from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import ModernBertForSequenceClassification

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.modeling import NeuralSystem, attention_for, new_classifier, set_prior_bias, shipped_encoders
from support import TINY, new_system


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
    model, _ = new_classifier(
        str(tmp_path),
        little_corpus.codes,
        max_tokens=512,
        texts=[],
        small=TINY,
        options={"classifier_pooling": "cls"},
    )
    assert (model.config.classifier_pooling, model.config.num_labels) == ("cls", len(little_corpus.codes))
    torch.testing.assert_close(
        model.get_parameter("model.layers.1.mlp.Wi.weight"),
        system.model.get_parameter("model.layers.1.mlp.Wi.weight"),
    )


@pytest.mark.parametrize("encoder", ["no/such-folder-here", "README.md"])
def test_an_encoder_that_is_not_there_is_named(
    little_corpus: Corpus, encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=encoder):
        new_classifier(encoder, little_corpus.codes, max_tokens=64, texts=[], small=TINY)


def test_more_tokens_than_the_encoder_reads_are_refused(
    little_corpus: Corpus, system: NeuralSystem, tmp_path: Path
) -> None:
    system.model.model.save_pretrained(tmp_path)
    system.tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="reads 8192 tokens, asked for 9000"):
        new_classifier(str(tmp_path), little_corpus.codes, max_tokens=9000, texts=[], small=TINY)


def test_the_prior_bias_predicts_the_frequencies(little_corpus: Corpus) -> None:
    system = new_system(little_corpus)
    frequencies = np.array([0.5, 0.1, 0.01, 0.0, 1.0, 0.25])
    with torch.no_grad():
        system.model.get_parameter("classifier.weight").zero_()
    set_prior_bias(system.model, frequencies)
    (score,) = system.score(["any note"])
    np.testing.assert_allclose(score.probabilities, frequencies, atol=1e-5)


def test_flash_attention_is_for_half_precision_on_a_gpu() -> None:
    assert attention_for(torch.device("cpu"), torch.bfloat16) == "sdpa"
    assert attention_for(torch.device("cuda"), torch.float32) == "sdpa"


def test_a_shipped_encoder_has_a_config() -> None:
    assert all((folder / "config.json").is_file() for folder in shipped_encoders().values())
