"""Initial head weights from the titles of codes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.modeling import NeuralSystem, set_head_from_titles
from support import TINY, new_system, tiny

WITH_DROPOUT = TINY.model_copy(update={"dropout": 0.5})


def logits_of(system: NeuralSystem, text: str) -> torch.Tensor:
    inputs: Any = system.tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        logits: torch.Tensor = system.model(**inputs).logits[0]
    return logits


@pytest.fixture
def titles(little_corpus: Corpus) -> list[str | None]:
    return [label.title for label in little_corpus.labels]


def test_a_title_scores_highest_for_its_own_label(little_corpus: Corpus, titles: list[str | None]) -> None:
    system = new_system(little_corpus)
    set_head_from_titles(system.model, system.tokenizer, titles)
    with torch.no_grad():
        system.model.get_parameter("classifier.bias").zero_()
    found = [int(logits_of(system, title or "").argmax()) for title in titles]
    assert found == list(range(len(titles)))


def test_weights_are_independent_of_batch_size_and_training_mode(
    little_corpus: Corpus, titles: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = []
    for at_once in (4096, 1):
        monkeypatch.setattr("clem_icd.modeling.language_model._BATCH_TOKENS", at_once)
        system = new_system(little_corpus, tiny(encoder=WITH_DROPOUT))
        system.model.train(at_once == 4096)
        set_head_from_titles(system.model, system.tokenizer, titles)
        assert system.model.training == (at_once == 4096)
        weights.append(system.model.get_parameter("classifier.weight").detach())
    torch.testing.assert_close(*weights, rtol=1e-4, atol=1e-5)


def test_a_label_without_a_title_keeps_its_weights(little_corpus: Corpus, titles: list[str | None]) -> None:
    system, before = new_system(little_corpus), new_system(little_corpus)
    set_head_from_titles(system.model, system.tokenizer, [None, *titles[1:]])
    now = system.model.get_parameter("classifier.weight")
    was = before.model.get_parameter("classifier.weight")
    torch.testing.assert_close(now[0], was[0], rtol=0, atol=0)
    assert not torch.allclose(now[1:], was[1:])


def test_a_head_with_another_pooling_is_refused(little_corpus: Corpus, titles: list[str | None]) -> None:
    system = new_system(little_corpus, tiny(head={"kind": "pooled", "pooling": "cls"}))
    with pytest.raises(ModelError, match="does not use mean pooling"):
        set_head_from_titles(system.model, system.tokenizer, titles)


def test_a_head_with_unknown_pooling_is_refused(little_corpus: Corpus, titles: list[str | None]) -> None:
    tokenizer = new_system(little_corpus).tokenizer
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    with pytest.raises(ModelError, match="BertForSequenceClassification does not use mean pooling"):
        set_head_from_titles(BertForSequenceClassification(config), tokenizer, titles)
