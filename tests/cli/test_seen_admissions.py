"""Warnings about a model that is scored on admissions it was trained on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from support import write_little_corpus

WARNING = (
    "15 of the 24 admissions of test were seen in training: 5 in train, 10 in validation of little. "
    "Scores on them are optimistic."
)

Clem = Callable[..., Any]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, clem: Clem) -> Path:
    """A model trained on a0 to a49, and a corpus with a35 to a58 in its test split."""
    root = tmp_path_factory.mktemp("seen")
    write_little_corpus(root / "mine", sizes={"train": 40, "validation": 10, "test": 10}, population="mimic3")
    write_little_corpus(root / "other", sizes={"train": 35, "test": 24}, population="mimic3", name="other")
    trained = clem(
        "train", "linear", "--corpus", root / "mine", "--out", root / "run", "training.min_notes=1", "-q"
    )
    assert trained.code == 0, trained.err
    return root


def predict(root: Path, corpus: str, split: str = "test") -> list[object]:
    out = root / f"{corpus}-{split}.parquet"
    return [
        "predict",
        root / "run/model",
        "--corpus",
        root / corpus,
        "--split",
        split,
        "--out",
        out,
        "--force",
    ]


def test_a_model_records_the_admissions_it_was_trained_on(root: Path) -> None:
    kept = pl.read_parquet(root / "run/model/admissions.parquet")
    about = json.loads((root / "run/model/clem.json").read_text())

    assert kept.group_by("split").len().sort("split").rows() == [("train", 40), ("validation", 10)]
    assert about["corpus"]["population"] == "mimic3"
    assert "`admissions.parquet`" in (root / "run/model/README.md").read_text()


def test_a_run_does_not_warn_about_its_own_corpus(root: Path) -> None:
    for name in ("metrics.json", "metrics-validation.json"):
        assert json.loads((root / "run" / name).read_text())["warnings"] == []


def test_prediction_on_seen_admissions_warns(root: Path, clem: Clem) -> None:
    assert clem(*predict(root, "other"), "--json").json["warnings"] == [WARNING]
    assert f"Warning: {WARNING}" in clem(*predict(root, "other")).out


@pytest.mark.parametrize(("split", "warnings"), [("train", 1), ("validation", 0), ("test", 0)])
def test_only_the_train_split_of_its_own_corpus_warns(
    root: Path, clem: Clem, split: str, warnings: int
) -> None:
    assert len(clem(*predict(root, "mine", split), "--json").json["warnings"]) == warnings


def test_evaluation_repeats_and_records_the_warning(root: Path, clem: Clem) -> None:
    clem(*predict(root, "other"))
    metrics = root / "metrics.json"
    scores = root / "other-test.parquet"
    evaluate = ["evaluate", "--corpus", root / "other", "--scores", scores, "--out", metrics, "--force"]

    shown = clem(*evaluate, "--model", root / "run/model").out
    assert f"Warning: {WARNING}" in shown
    assert json.loads(metrics.read_text())["warnings"] == [WARNING]
    assert clem(*evaluate, "--threshold", 0.5, "--json").json["warnings"] == [WARNING]
