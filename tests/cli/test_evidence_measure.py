"""``clem evidence measure``: the evidence of a model, method by method."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.modeling import save_model
from support import info_of, new_system


@pytest.fixture(scope="module")
def model(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("measured") / "model"
    save_model(new_system(little_corpus), info_of(little_corpus), folder)
    return folder


def test_a_row_per_method_and_a_document_with_definitions(
    clem: Callable[..., Any], little_corpus: Corpus, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "methods.json"
    done = clem(
        *("evidence", "measure", model, "--corpus", little_corpus.path, "--notes", 2, "--out", out),
        *("--methods", "input-x-gradient, input-x-gradient", "--faithfulness-notes", 0),
    )
    assert done.code == 0, done.err
    document = json.loads(out.read_text())
    assert [result["method"] for result in document["methods"]] == ["input-x-gradient"] * 2
    # Once in either table.
    assert done.out.count("input-x-gradient") == 4
    assert f"{document['methods'][0]['metrics']['f1']:.3f}" in done.out
    assert "The cut was tuned on validation" in done.out
    assert set(document["methods"][0]["metrics"]) == set(document["definitions"])


def test_an_unknown_method_is_refused_before_the_model_is_loaded(
    refused: Callable[..., str], little_corpus: Corpus, tmp_path: Path
) -> None:
    refused(
        *(
            "evidence",
            "measure",
            tmp_path,
            "--corpus",
            little_corpus.path,
            "--methods",
            "own, input-gradient",
        ),
        says=["input-gradient", "The methods are"],
    )


def test_a_method_that_cannot_explain_the_model_is_refused(
    clem: Callable[..., Any], little_corpus: Corpus, model: Path
) -> None:
    done = clem("evidence", "measure", model, "--corpus", little_corpus.path, "--methods", "own")
    assert done.code == 2
    assert "method own needs a system that takes codes from words, and this one is neural" in done.err


def test_an_occupied_output_is_refused(
    refused: Callable[..., str], little_corpus: Corpus, model: Path, tmp_path: Path
) -> None:
    (tmp_path / "old.json").write_text("{}")
    refused(
        *("evidence", "measure", model, "--corpus", little_corpus.path, "--out", tmp_path / "old.json"),
        says=["--force"],
    )
