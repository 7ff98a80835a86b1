"""The graph in onnxruntime: any number of notes and tokens, padded or not, gives the same probabilities."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.modeling import NeuralSystem
from clem_icd.modeling.onnx import Description, ExportedModel, export, graph
from clem_icd.modeling.onnx.description import DESCRIPTION, GRAPH, TOKENIZER
from clem_icd.modeling.onnx.quantizing import quantize
from modeling.onnx.conftest import system_of
from modeling.onnx.test_module import WITH_SPECIAL
from support import info_of

SPECIAL_TOKENS = 5


@pytest.fixture(scope="module")
def folder(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of labels over segments, exported as a model too large for one file."""
    system = system_of(little_corpus, {"kind": "label-tree-attention"}, WITH_SPECIAL)
    place = tmp_path_factory.mktemp("graph")
    info = info_of(little_corpus)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph, "_MOST_BYTES_IN_GRAPH", 1_000)
        export(system, place)
    Description(
        precision="fp32",
        max_tokens=system.reading.note_tokens,
        pad_id=system.tokenizer.pad_token_id,
        padding_changes_scores=False,
        reading=system.reading.model_dump(mode="json"),
        rule=info.rule,
        threshold_policy=info.threshold_policy,
        labels=info.labels,
        titles=info.titles,
        model={"sha256": "0"},
        versions={},
    ).write(place)
    return place


@pytest.fixture(scope="module")
def exported(folder: Path) -> ExportedModel:
    return ExportedModel.open(folder, threads=1)


@pytest.fixture(scope="module")
def own(little_corpus: Corpus) -> NeuralSystem:
    return system_of(little_corpus, {"kind": "label-tree-attention"}, WITH_SPECIAL)


def test_notes_longer_than_those_that_were_traced_are_cut_where_the_system_cuts_them(
    exported: ExportedModel, own: NeuralSystem, little_corpus: Corpus
) -> None:
    some = list(little_corpus.texts("test"))[:6]
    texts = [*some, "pneumonia", " ".join(some * 4)]
    expected = np.array([scores.probabilities for scores in own.score(texts)])
    found = np.array([scores.probabilities for scores in exported.score(texts)])
    assert expected.std() > 0.05
    assert np.abs(found - expected).max() < 1e-5
    assert [scores.tokens_read for scores in exported.score(texts[-1:])] == [own.reading.note_tokens]


@settings(max_examples=15)
@given(lengths=st.lists(st.integers(3, 114), min_size=2, max_size=4), seed=st.integers(0, 99))
def test_padding_changes_no_probability(exported: ExportedModel, lengths: Sequence[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    notes = [random.integers(SPECIAL_TOKENS, 300, length).tolist() for length in lengths]
    alone = np.concatenate([exported.probabilities([ids]) for ids in notes])
    assert np.abs(exported.probabilities(notes) - alone).max() < 1e-6


def test_a_large_model_has_its_weights_in_a_file_of_their_own(folder: Path, tmp_path: Path) -> None:
    names = {DESCRIPTION, GRAPH, TOKENIZER, f"{GRAPH}.data"}
    assert {file.name for file in folder.iterdir()} == names
    for name in (DESCRIPTION, TOKENIZER):
        shutil.copy(folder / name, tmp_path)
    quantize(folder / GRAPH, tmp_path / GRAPH, external=True)
    assert {file.name for file in tmp_path.iterdir()} == names
    notes = [list(range(SPECIAL_TOKENS, SPECIAL_TOKENS + 40))]
    found, expected = (ExportedModel.open(place).probabilities(notes) for place in (tmp_path, folder))
    assert 0 < np.abs(found - expected).max() < 0.3


def test_the_description_is_read_as_it_was_written(folder: Path, little_corpus: Corpus) -> None:
    read = Description.read(folder)
    assert (read.labels, read.max_tokens) == (little_corpus.codes, 8 * 14 + 2)
    assert read.rule == info_of(little_corpus).rule


@pytest.mark.parametrize("name", [DESCRIPTION, GRAPH, TOKENIZER])
def test_a_damaged_file_is_named(folder: Path, tmp_path: Path, name: str) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[: 500 if file.name == name else None])
    with pytest.raises(ModelError) as raised:
        ExportedModel.open(tmp_path)
    assert name in str(raised.value)
