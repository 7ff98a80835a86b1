from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.explanation import Explainer
from clem_icd.modeling import LinearSystem
from support import info_of, new_system

TEXTS = ["K 6.1 today", "K 4.0 today", "İ heart failure", "heart failure today K 6.1"] * 5


@pytest.fixture(scope="module")
def system() -> LinearSystem:
    return LinearSystem.fit(
        TEXTS,
        [np.arange(0, 20, 4), np.arange(2, 20, 4), np.arange(3, 20, 2)],
        ngrams=(1, 2),
        features=100,
        min_notes=1,
        inverse_regularization=10.0,
    )


@pytest.fixture(scope="module")
def explainer(system: LinearSystem, little_corpus: Corpus) -> Explainer:
    return Explainer(system, info_of(little_corpus, system="linear"), "coefficients")


def test_weights_and_bias_sum_to_the_logit(system: LinearSystem, explainer: Explainer) -> None:
    text = "Today heart failure, heart failure and K 6.1; K 4.0 before. K"
    found = explainer.weigh(text, [0, 2])
    [score] = system.score([text])
    logits = np.log(score.probabilities / (1 - score.probabilities))
    np.testing.assert_allclose(found.weights.sum(axis=1) + system.bias[[0, 2]], logits[[0, 2]], rtol=1e-4)


def test_a_feature_adds_equal_parts_at_its_occurrences_and_their_words(
    system: LinearSystem, explainer: Explainer
) -> None:
    text = "heart x heart failure"
    found = explainer.weigh(text, [1])
    vocabulary = system.vectorizer.vocabulary_
    values = system.vectorizer.transform([text]).toarray()[0] * system.weights[1]
    heart, failure, pair = (values[vocabulary[feature]] for feature in ("heart", "failure", "heart failure"))
    expected = [heart / 2, 0, heart / 2 + pair / 2, failure + pair / 2]
    np.testing.assert_allclose(found.weights[0], expected, rtol=1e-5)


def test_words_keep_their_places_where_lower_case_is_longer(explainer: Explainer) -> None:
    text = "İİ K İstanbul Heart"
    found = explainer.weigh(text, [0])
    words = [text[begin:end] for begin, end in found.offsets]
    assert words == ["İ", "İ", "K", "İ", "stanbul", "Heart"]


@settings(max_examples=150, deadline=None)
@given(text=st.text(alphabet="Kk6.1İßΣéE\u0301😀 \n/heart", max_size=60))
def test_any_text_has_words_at_valid_places_and_exact_weights(explainer: Explainer, text: str) -> None:
    system = explainer.system
    assert isinstance(system, LinearSystem)
    found = explainer.weigh(text, [0, 1, 2])
    assert found.weights.shape == (3, len(found.offsets))
    assert found.read == len(text)
    previous = 0
    words = []
    for begin, end in found.offsets:
        assert previous <= begin < end <= len(text)
        previous = end
        words.append(text[begin:end])
    analyzed = system.vectorizer.build_tokenizer()(text.lower())
    assert len(words) == len(analyzed)
    for word, lower in zip(words, analyzed, strict=True):
        # Beyond the word, only marks that a lower-case letter gained.
        assert word.lower().replace("\u0307", "") == lower.replace("\u0307", "") or "Σ" in word
    logits = system.vectorizer.transform([text]) @ system.weights.T
    np.testing.assert_allclose(found.weights.sum(axis=1), logits[0], atol=1e-5)


def test_a_text_without_words_has_no_weights(explainer: Explainer) -> None:
    for text in ("", " . "):
        found = explainer.weigh(text, [0])
        assert found.weights.shape == (1, 0)
        assert explainer.spans(text, [0]) == [()]


def test_a_neural_system_has_no_coefficients(little_corpus: Corpus) -> None:
    with pytest.raises(ModelError, match="coefficients explains linear systems, and this one is neural"):
        Explainer(new_system(little_corpus), info_of(little_corpus), "coefficients")


def test_a_linear_system_has_no_gradients_but_coefficients(
    system: LinearSystem, little_corpus: Corpus
) -> None:
    with pytest.raises(
        ModelError, match=r"and this one is linear\. Choose from coefficients, [a-z-, ]*random"
    ):
        Explainer(system, info_of(little_corpus, system="linear"), "input-x-gradient")
