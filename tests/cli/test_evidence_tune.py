"""``clem evidence tune``: the cut of a model's evidence, tuned anew."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.modeling import ModelInfo, save_model
from support import info_of, new_system


@pytest.fixture(scope="module")
def untuned(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("untuned") / "model"
    save_model(new_system(little_corpus), info_of(little_corpus), folder)
    return folder


def test_the_rule_is_stored_and_printed(
    clem: Callable[..., Any], little_corpus: Corpus, untuned: Path, tmp_path: Path
) -> None:
    model = shutil.copytree(untuned, tmp_path / "model")
    done = clem(
        *("evidence", "tune", model, "--corpus", little_corpus.path, "--method", "input-x-gradient", "--json")
    )
    assert done.code == 0, done.err
    stored = ModelInfo.read(model).evidence
    assert stored is not None
    assert done.json == {"method": "input-x-gradient", "rule": stored["rule"], "chosen": stored["chosen"]}
    shown = clem("evidence", "tune", model, "--corpus", little_corpus.path)
    assert shown.code == 0, shown.err
    first, *_, last = shown.out.splitlines()
    assert first.startswith(f"input-x-gradient: words with more than {100 * stored['rule']['cut']:.3g} % of")
    assert stored["chosen"] in first
    assert last == f"Stored in {model}"


def test_an_unknown_method_is_refused_before_anything_is_read(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    refused(
        *("evidence", "tune", tmp_path, "--corpus", tmp_path, "--method", "input-gradient"),
        says=["input-gradient", "The methods are"],
    )


def test_a_split_that_the_corpus_lacks_is_refused(
    refused: Callable[..., str], little_corpus: Corpus, untuned: Path
) -> None:
    refused(
        *("evidence", "tune", untuned, "--corpus", little_corpus.path, "--split", "later"),
        says=["has no split 'later'", "It has train, validation, test"],
    )
