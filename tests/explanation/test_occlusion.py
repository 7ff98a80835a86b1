from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from clem_icd.corpus import Corpus
from clem_icd.explanation import METHODS, Explainer, TokenWeights
from clem_icd.explanation.methods.masking import mask_id
from clem_icd.explanation.methods.occlusion import Occlusion
from clem_icd.explanation.methods.words_method import words_with_tokens
from clem_icd.explanation.words import words_of
from clem_icd.modeling import Architecture, LabelSpace, NeuralSystem, build
from support import info_of, make_note, new_system, tiny

TEXT = "the patient was seen. hypertension today\nquiet night; stable vital signs. pneumonia and a ward"


def with_head(corpus: Corpus, architecture: Architecture) -> NeuralSystem:
    torch.manual_seed(0)
    model, tokenizer = build(architecture, LabelSpace.of(corpus), texts=corpus.texts("train"))
    return NeuralSystem(model, tokenizer, architecture.reading)


@pytest.fixture(scope="module")
def system(little_corpus: Corpus) -> NeuralSystem:
    return new_system(little_corpus)


@pytest.fixture(scope="module")
def in_segments(little_corpus: Corpus) -> NeuralSystem:
    reading = {"kind": "segments", "max_tokens": 64, "segment_tokens": 8, "special_tokens": "segment"}
    return with_head(little_corpus, tiny(head="label-attention", reading=reading))


def weigh(system: NeuralSystem, corpus: Corpus, text: str, labels: list[int], **fields: Any) -> TokenWeights:
    return Explainer(system, info_of(corpus), Occlusion(**fields)).weigh(text, labels)


def word_weights(found: TokenWeights, text: str) -> dict[str, float]:
    words, tokens = words_with_tokens(words_of(text), found.offsets)
    return {
        text[begin:end]: float(found.weights[0, own].sum())
        for (begin, end), own in zip(words, tokens, strict=True)
    }


def logit_without(system: NeuralSystem, text: str, word: str | None, label: int) -> float:
    [note] = system.reading.read(system.tokenizer, [text], offsets=True)
    ids = note.ids.copy()
    if word is not None:
        begin = text.index(word)
        assert note.offsets is not None
        ends = note.offsets[:, 1]
        ids[(ends > begin) & (ends <= begin + len(word))] = system.tokenizer.mask_token_id
    with torch.no_grad():
        batch = system.reading.arrange([ids], 0)
        return float(system.model(**batch).logits[0, label])


@pytest.mark.parametrize("which", ["system", "in_segments"])
def test_the_weight_of_a_word_is_the_drop_of_the_logit_without_it(
    which: str, little_corpus: Corpus, request: pytest.FixtureRequest
) -> None:
    system = request.getfixturevalue(which)
    found = word_weights(weigh(system, little_corpus, TEXT, [2], sentences=64), TEXT)
    complete = logit_without(system, TEXT, None, 2)
    for word in ("hypertension", "night", "pneumonia", "ward"):
        assert found[word] == pytest.approx(complete - logit_without(system, TEXT, word, 2), abs=1e-5)
    all_labels = weigh(system, little_corpus, TEXT, [0, 1, 2, 3, 4, 5], sentences=64).weights
    assert all_labels.min() < 0 < all_labels.max()


def test_only_words_of_the_best_sentences_have_weights(system: NeuralSystem, little_corpus: Corpus) -> None:
    sentences = ["the patient was seen", "hypertension today", "quiet night", "stable vital signs"]
    sentences.append("pneumonia and a ward")
    with_all = weigh(system, little_corpus, TEXT, [1], sentences=64)
    best = weigh(system, little_corpus, TEXT, [1], sentences=1)
    weighted = {word for word, weight in word_weights(best, TEXT).items() if weight}
    drops = {
        sentence: logit_without(system, TEXT, None, 1) - logit_without(system, TEXT, sentence, 1)
        for sentence in sentences
    }
    assert weighted == set(max(drops, key=lambda one: drops[one]).split())
    kept = best.weights[0] != 0
    np.testing.assert_allclose(best.weights[0, kept], with_all.weights[0, kept], atol=1e-5)


def test_weights_are_independent_of_other_labels_and_of_the_batch(
    system: NeuralSystem, little_corpus: Corpus
) -> None:
    note = make_note(3).text
    together = weigh(system, little_corpus, note, [0, 3, 5], sentences=2)
    small = NeuralSystem(system.model, system.tokenizer, system.reading, batch_tokens=1)
    for row, label in enumerate([0, 3, 5]):
        for one in (system, small):
            alone = weigh(one, little_corpus, note, [label], sentences=2)
            np.testing.assert_allclose(alone.weights[0], together.weights[row], atol=1e-5)


class Passes:
    """Counts the variants that a model reads, and the longest batch in tokens."""

    def __init__(self, model: Any) -> None:
        self.variants, self.tokens, self.seen = 0, 0, set[bytes]()
        self._hook = model.register_forward_pre_hook(self._count, with_kwargs=True)

    def _count(self, module: Any, args: Any, kwargs: dict[str, torch.Tensor]) -> None:
        ids = kwargs["input_ids"]
        self.variants += len(ids)
        self.tokens = max(self.tokens, ids.numel())
        self.seen.update(one.numpy().tobytes() for one in ids)

    def __enter__(self) -> Passes:
        return self

    def __exit__(self, *_: object) -> None:
        self._hook.remove()


def test_a_word_selected_for_several_labels_is_masked_once(
    system: NeuralSystem, little_corpus: Corpus
) -> None:
    with Passes(system.model) as passes:
        weigh(system, little_corpus, TEXT, [0, 1, 2, 3, 4, 5], sentences=64)
    # The note, five sentences, and every word.
    assert passes.variants == 1 + 5 + len(words_of(TEXT))


def test_batches_are_bounded_and_many_sentences_are_masked_together(
    system: NeuralSystem, little_corpus: Corpus
) -> None:
    text = "quiet. night. " * 60
    bounded = NeuralSystem(system.model, system.tokenizer, system.reading, batch_tokens=1000)
    with Passes(system.model) as passes:
        weigh(bounded, little_corpus, text, [0], sentences=2, most_sentences=10)
    assert passes.tokens <= 1000
    # The note, ten groups of twelve sentences with a word each, and the words of two groups.
    assert passes.variants == 1 + 10 + 2 * 12


def test_a_long_sentence_is_cut(system: NeuralSystem, little_corpus: Corpus) -> None:
    with Passes(system.model) as passes:
        weigh(system, little_corpus, "quiet " * 100, [0], sentences=1, longest=10)
    assert passes.variants == 1 + 10 + 10


def test_punctuation_and_words_beyond_the_context_have_no_weights(
    little_corpus: Corpus, system: NeuralSystem
) -> None:
    found = weigh(system, little_corpus, "quiet . ward", [0])
    letters = np.array([any(map(str.isalpha, "quiet . ward"[begin:end])) for begin, end in found.offsets])
    assert not letters.all()
    np.testing.assert_array_equal(found.weights[0] != 0, letters)
    short = new_system(little_corpus, tiny(12))
    text = "hypertension " * 30
    cut = weigh(short, little_corpus, text, [0])
    assert cut.offsets[-1, 1] == cut.read < len(text)


@settings(max_examples=30, deadline=None)
@given(text=st.text(alphabet="aB1é\u0301º.;-( \n😀", max_size=40))
def test_any_text_is_explained_with_valid_offsets(
    system: NeuralSystem, little_corpus: Corpus, text: str
) -> None:
    found = weigh(system, little_corpus, text, [0, 1])
    assert found.weights.shape == (2, len(found.offsets))
    assert np.isfinite(found.weights).all()
    assert found.offsets.max(initial=0) <= len(text)
    words, tokens = words_with_tokens(words_of(text), found.offsets)
    assert len({int(token) for own in tokens for token in own}) == sum(map(len, tokens))
    for (begin, end), own in zip(words, tokens, strict=True):
        assert len(own)
        assert ((found.offsets[own, 0] < end) & (found.offsets[own, 1] > begin)).all()


def test_a_tokenizer_without_a_mask_token_masks_by_its_unknown_token_or_padding(system: NeuralSystem) -> None:
    class Tokens:
        mask_token_id: int | None = 4
        unk_token_id: int | None = 0
        pad_token_id = 3

    tokens: Any = Tokens()
    assert mask_id(system.tokenizer) == system.tokenizer.mask_token_id
    assert mask_id(tokens) == 4
    tokens.mask_token_id = None
    assert mask_id(tokens) == 0
    tokens.unk_token_id = None
    assert mask_id(tokens) == 3


@pytest.mark.parametrize("fields", [{"sentences": 0}, {"longest": 0}, {"most_sentences": 0}, {"windows": 3}])
def test_invalid_fields_are_refused(fields: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match=next(iter(fields))):
        METHODS.parse({"kind": "occlusion", **fields})
