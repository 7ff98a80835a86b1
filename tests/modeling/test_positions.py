from __future__ import annotations

import pytest
from transformers import PreTrainedTokenizerFast

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.modeling import learn_tokenizer, token_starts
from clem_icd.modeling.counting import open_tokenizer


@pytest.fixture(scope="module")
def tokenizer(little_corpus: Corpus) -> PreTrainedTokenizerFast:
    return learn_tokenizer(little_corpus.texts("train"), vocabulary=400, max_tokens=4)


def test_tokens_begin_where_the_tokenizer_says(
    tokenizer: PreTrainedTokenizerFast, little_corpus: Corpus
) -> None:
    texts = list(little_corpus.texts("test")) * 4
    found = list(token_starts(tokenizer.backend_tokenizer, iter(texts)))
    assert len(found) == len(texts) > 64
    for text, starts in zip(texts, found, strict=True):
        # More tokens than the encoder reads, and none of the special ones.
        assert len(starts) == len(tokenizer(text, verbose=False)["input_ids"]) - 2 > 4
        assert starts[0] == 0
        assert (starts[1:] >= starts[:-1]).all()
        assert starts[-1] < len(text)


def test_offsets_are_in_characters(tokenizer: PreTrainedTokenizerFast) -> None:
    [starts] = token_starts(tokenizer.backend_tokenizer, ["é😀 x"])
    assert set(starts.tolist()) <= {0, 1, 2, 3}
    assert starts[-1] >= 2


def test_an_empty_text_has_no_tokens(tokenizer: PreTrainedTokenizerFast) -> None:
    assert [len(starts) for starts in token_starts(tokenizer.backend_tokenizer, ["", "a"])] == [0, 1]


def test_a_place_without_a_tokenizer_is_refused() -> None:
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_tokenizer("no/such/folder")
