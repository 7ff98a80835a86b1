from __future__ import annotations

import numpy as np
import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import CorpusError
from clem_icd.modeling import count_tokens
from clem_icd.speed.estimate import NoteLengths, corpus_lengths, seconds_for, usual_lengths
from clem_icd.speed.model import Model
from clem_icd.synthetic import USUAL_WORDS


def seconds(*lengths: int, most: int | None = None, per_note: dict[int, float] | None = None) -> float:
    return seconds_for(
        NoteLengths("a test", np.array(lengths)),
        per_note or {100: 1.0, 200: 3.0},
        most=most,
        work=lambda length: length**2,
        notes=10,
    )


def test_measured_lengths_take_what_was_measured_and_others_lie_between() -> None:
    assert seconds(100) == 10
    assert seconds(150) == 20
    assert seconds(50) == 5
    assert seconds(100, 200) == 20


def test_longer_notes_are_in_proportion_to_their_work() -> None:
    assert seconds(400) == pytest.approx(10 * 3 * 4)


def test_what_is_not_read_takes_no_time() -> None:
    assert seconds(150, 10_000, most=200) == seconds(150, 200)


def test_the_lengths_of_a_corpus_are_those_of_the_tokenizer_or_words(
    little_corpus: Corpus, model: Model
) -> None:
    texts = list(little_corpus.texts("test"))
    words = corpus_lengths(little_corpus, "test", None)
    assert words.lengths.tolist() == [len(text.split()) for text in texts]
    assert words.source == "the notes of little, synthetic, test"
    tokens = corpus_lengths(little_corpus, "test", model.tokenizer)
    assert tokens.lengths.tolist() == count_tokens(model.tokenizer, texts).tolist()
    with pytest.raises(CorpusError, match="has no split 'tset'"):
        corpus_lengths(little_corpus, "tset", None)


def test_usual_lengths_are_those_of_the_synthetic_hospital() -> None:
    found = usual_lengths(2.0)
    assert np.median(found.lengths) == pytest.approx(2 * USUAL_WORDS, rel=0.05)
    assert found.lengths.max() <= 2 * 9 * USUAL_WORDS
