from __future__ import annotations

from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.modeling import learn_tokenizer, token_starts, token_starts_at, token_starts_of
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


def test_a_tokenizer_file_and_transformers_agree(little_corpus: Corpus, tmp_path: Path) -> None:
    tokenizer = open_tokenizer("clem-small")
    tokenizer.save_pretrained(tmp_path)
    texts = [*little_corpus.texts("test"), "", "é😀 x"]
    encoded = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True)
    expected = [[begin for begin, _ in offsets] for offsets in encoded["offset_mapping"]]
    of_model = token_starts_of(tmp_path)
    assert of_model is not None
    for starts in (token_starts_at(str(tmp_path)), token_starts_at("clem-small"), of_model):
        assert [found.tolist() for found in starts(texts)] == expected


def test_a_model_without_a_tokenizer_has_no_tokens(tmp_path: Path) -> None:
    assert token_starts_of(tmp_path) is None


def test_a_damaged_tokenizer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text('{"version": ', encoding="utf-8")
    with pytest.raises(ModelError, match=r"tokenizer\.json: cannot be read .* Copy the whole model folder"):
        token_starts_of(tmp_path)
    with pytest.raises(ModelError, match="cannot be loaded"):
        token_starts_at("no/such/folder")
