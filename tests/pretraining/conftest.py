from __future__ import annotations

from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerBase

from clem_icd.modeling import learn_tokenizer
from clem_icd.pretraining.tokens import TokenFile
from pretraining_support import make_text, write_jsonl


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Distinct invented texts."""
    return [make_text(number) for number in range(200)]


@pytest.fixture(scope="session")
def tokenizer(texts: list[str]) -> PreTrainedTokenizerBase:
    return learn_tokenizer(texts, vocabulary=400, max_tokens=256)


@pytest.fixture(scope="session")
def tokens(
    texts: list[str], tokenizer: PreTrainedTokenizerBase, tmp_path_factory: pytest.TempPathFactory
) -> TokenFile:
    return TokenFile.write(tmp_path_factory.mktemp("tokens") / "texts.bin", tokenizer, texts)


@pytest.fixture(scope="session")
def notes_file(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The texts as records."""
    return write_jsonl(tmp_path_factory.mktemp("notes") / "notes.jsonl", texts)
