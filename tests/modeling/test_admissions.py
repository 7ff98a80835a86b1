"""The admissions that a model has seen, stored only if their ids are public."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.modeling import ModelInfo, seen_admissions
from clem_icd.modeling.admissions import read_admissions
from support import info_of, write_little_corpus


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    sizes = {"train": 5, "validation": 2, "test": 3}
    return write_little_corpus(tmp_path / "corpus", sizes=sizes, population="mimic3")


@pytest.fixture
def folder(corpus: Corpus, tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    info_of(corpus).write(folder)
    return folder


def test_admissions_of_train_and_validation_are_stored(corpus: Corpus, folder: Path) -> None:
    expected = {"train": {"a0", "a1", "a2", "a3", "a4"}, "validation": {"a5", "a6"}}

    assert seen_admissions(corpus) == expected
    assert ModelInfo.read(folder).admissions == expected
    rows = pl.read_parquet(folder / "admissions.parquet").rows()
    assert rows == [(split, one) for split, ids in expected.items() for one in sorted(ids)]


def test_a_hospitals_own_ids_are_not_stored(little_corpus: Corpus, tmp_path: Path) -> None:
    assert little_corpus.population is None
    info_of(little_corpus).write(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["clem.json"]
    assert ModelInfo.read(tmp_path).admissions == {}


def test_a_model_without_a_population_has_no_admissions(folder: Path) -> None:
    (folder / "admissions.parquet").unlink()
    about = json.loads((folder / "clem.json").read_text())
    del about["corpus"]["population"]
    (folder / "clem.json").write_text(json.dumps(about))

    assert ModelInfo.read(folder).admissions == {}


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "admissions.parquet").unlink()
    with pytest.raises(ModelError, match=r"admissions\.parquet: is missing from the model"):
        ModelInfo.read(folder)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pl.DataFrame({"split": ["train"], "admission_id": [1]}), "expected split and admission_id"),
        (pl.DataFrame({"id": ["1"]}), "has the columns id"),
        (None, "is not readable as parquet"),
    ],
)
def test_a_damaged_file_is_refused(folder: Path, frame: pl.DataFrame | None, words: str) -> None:
    path = folder / "admissions.parquet"
    if frame is None:
        path.write_bytes(path.read_bytes()[:-9])
    else:
        frame.write_parquet(path)
    with pytest.raises(ModelError, match=words):
        read_admissions(folder)
