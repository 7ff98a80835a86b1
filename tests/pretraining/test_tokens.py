from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase

from clem_icd.pretraining.tokens import TokenFile
from pretraining_support import token_file


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(0, 2**31 - 1), max_size=6), max_size=6), st.data())
def test_tokens_survive_a_round_trip(tmp_path: Path, texts: list[list[int]], data: st.DataObject) -> None:
    path = tmp_path / "texts.bin"
    for tokens in (token_file(path, texts), TokenFile(path)):
        flat = [number for text in texts for number in text]
        of_text = [place for place, text in enumerate(texts) for _ in text]
        assert (len(tokens), tokens.size) == (len(texts), len(flat))
        assert [tokens.text(number).tolist() for number in range(len(texts))] == texts
        begin = data.draw(st.integers(0, len(flat)))
        end = data.draw(st.integers(begin, len(flat)))
        assert tokens.piece(begin, end).tolist() == flat[begin:end]
        assert tokens.sequences(begin, end).tolist() == of_text[begin:end]


def test_tokens_match_the_tokenizer(
    tmp_path: Path, tokenizer: PreTrainedTokenizerBase, texts: list[str]
) -> None:
    tokens = TokenFile.write(tmp_path / "texts.bin", tokenizer, iter(texts))
    expected = tokenizer(texts)["input_ids"]
    assert [tokens.text(number).tolist() for number in range(len(tokens))] == expected
    assert tokens.piece(0, 5).dtype == np.int64


def test_a_truncated_text_keeps_its_closing_token(
    tmp_path: Path, tokenizer: PreTrainedTokenizerBase, texts: list[str]
) -> None:
    tokens = TokenFile.write(tmp_path / "texts.bin", tokenizer, texts, 20)
    whole = tokenizer(texts)["input_ids"]
    assert max(map(len, whole)) > 20 > min(map(len, whole))
    for number, ids in enumerate(whole):
        found = tokens.text(number).tolist()
        assert found == (ids if len(ids) <= 20 else [*ids[:19], tokenizer.sep_token_id])


def test_an_error_while_writing_leaves_no_file(tmp_path: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    def texts() -> Any:
        yield from ["fine"] * 300
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        TokenFile.write(tmp_path / "texts.bin", tokenizer, texts())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("texts", [[], [[]], [[], []]])
def test_empty_texts_can_be_written(tmp_path: Path, texts: Sequence[Sequence[int]]) -> None:
    tokens = token_file(tmp_path / "texts.bin", texts)
    assert (len(tokens), tokens.size, tokens.piece(0, 0).tolist()) == (len(texts), 0, [])
