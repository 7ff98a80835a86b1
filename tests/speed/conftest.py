"""A tiny model in a folder, and notes that cost nothing to write."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.modeling import LabelSpace, NeuralSystem, build, save_model
from clem_icd.speed.model import Model
from support import info_of, make_note, new_system, tiny


def few_summaries(count: int, seed: int, words: int = 0) -> Iterator[str]:
    """Yield texts in place of the synthetic hospital's, whose tables take seconds to read."""
    for number in range(count):
        yield " ".join(islice(cycle(make_note(number).text.split()), 400))


@pytest.fixture
def quick_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write notes without the synthetic hospital, and only a few of each length."""
    monkeypatch.setattr("clem_icd.speed.drawn_notes.summary_texts", few_summaries)
    monkeypatch.setattr("clem_icd.speed.workloads._AT_ONCE", 64)


@pytest.fixture(scope="session")
def pooled(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model that reads 256 tokens."""
    folder = tmp_path_factory.mktemp("speed") / "pooled"
    architecture = tiny(256)
    save_model(new_system(little_corpus, architecture), info_of(little_corpus, architecture), folder)
    return folder


@pytest.fixture(scope="session")
def attending(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model with label attention that reads 96 tokens in segments of 32."""
    folder = tmp_path_factory.mktemp("speed") / "attending"
    choices: dict[str, Any] = {
        "reading": {"kind": "segments", "segment_tokens": 32, "max_tokens": 96},
        "head": {"kind": "label-attention"},
    }
    architecture = tiny(96, **choices)
    texts = little_corpus.texts("train")
    model, tokenizer = build(architecture, LabelSpace.of(little_corpus), texts=texts)
    save_model(
        NeuralSystem(model, tokenizer, architecture.reading), info_of(little_corpus, architecture), folder
    )
    return folder


@pytest.fixture
def model(pooled: Path) -> Model:
    return Model.read(pooled)
