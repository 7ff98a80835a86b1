"""``clem evidence tune``: the cut of a model's evidence, tuned anew."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clem_icd.corpus import Corpus
from clem_icd.modeling import ModelInfo


def test_the_rule_is_stored_and_printed(
    clem: Callable[..., Any], little_corpus: Corpus, untrained: Path, tmp_path: Path
) -> None:
    model = shutil.copytree(untrained, tmp_path / "model")
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
    refused: Callable[..., str], little_corpus: Corpus, untrained: Path
) -> None:
    refused(
        *("evidence", "tune", untrained, "--corpus", little_corpus.path, "--split", "later"),
        says=["has no split 'later'", "It has train, validation, test"],
    )
