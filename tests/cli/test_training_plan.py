"""`clem train --plan` says what a run would cost, and writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from clem_icd.corpus import Corpus
from support import LITTLE_SETTINGS


def test_a_plan_is_printed_and_nothing_is_written(
    clem: Callable[..., Any], little_corpus: Corpus, tmp_path: Path
) -> None:
    place = ("--corpus", little_corpus.path, "--out", tmp_path / "run")
    shown = clem("train", "clem-icd-small", *LITTLE_SETTINGS, *place, "--plan")
    assert shown.code == 0, shown.err
    for words in ("longest", "per epoch", "Memory: ", "Disk: at most", "The settings of the recipe fit."):
        assert words in shown.out
    assert list(tmp_path.iterdir()) == []


def test_a_plan_as_json_has_the_settings_and_what_they_cost(
    clem: Callable[..., Any], little_corpus: Corpus, tmp_path: Path
) -> None:
    place = ("--corpus", little_corpus.path, "--out", tmp_path / "run")
    settings = (*LITTLE_SETTINGS, "training.gradient_accumulation=2")
    found = clem("train", "clem-icd-small", *settings, *place, "--plan", "--json", "-q").json
    own = found["own"]
    assert own["settings"] == [
        "training.batch_size=8",
        "training.gradient_accumulation=2",
        "training.gradient_checkpointing=false",
    ]
    assert own["total_seconds"] > 3 * own["epoch_seconds"] > 0
    assert own["tokens_per_second"] * own["epoch_seconds"] == found["tokens"]
    assert found["steps_per_epoch"] == 5
    assert own["peak_bytes"] == own["batches"][-1]["peak_bytes"]
    assert [one["batch"] for one in own["batches"]] == ["short", "median", "long", "longest"]
    assert list(tmp_path.iterdir()) == []


def test_the_linear_baseline_is_refused_before_the_corpus_is_read(
    clem: Callable[..., Any], tmp_path: Path
) -> None:
    found = clem("train", "linear", "--corpus", tmp_path / "absent", "--out", tmp_path / "run", "--plan")
    assert (found.code, found.out) == (2, "")
    assert "there is nothing to plan for system linear" in found.err
