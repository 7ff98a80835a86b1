"""A model that is no better than the most frequent codes is named as such, while it is trained."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from clem_icd.corpus import Corpus
from clem_icd.modeling.assembly import build
from clem_icd.runs.points import Point
from clem_icd.training import NeuralRecipe, fit, read_recipe, shipped_recipes
from clem_icd.training.alarm import _remedies, collapse_signs
from support import LITTLE_SETTINGS

SIGNS = ("eval_distinct_codes", "eval_code_overlap", "eval_micro_f1_over_constant")

Fit = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def fitted(little_corpus: Corpus, listener: Any, tmp_path: Path) -> Fit:
    """Train a little model, and return the rows of its evaluations."""

    def run(*settings: str) -> list[dict[str, Any]]:
        recipe = read_recipe("clem-icd-small", [*LITTLE_SETTINGS, *settings])
        assert isinstance(recipe, NeuralRecipe)
        fit.fit_neural(recipe, little_corpus, tmp_path, listener)
        return evaluations(tmp_path)

    return run


@pytest.fixture
def collapsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every model start with a head that cannot see the note; the settings that keep it so."""

    def without_weights(*arguments: Any, **keywords: Any) -> Any:
        model, tokenizer = build(*arguments, **keywords)
        with torch.no_grad():
            model.get_parameter("classifier.weight").zero_()
        return model, tokenizer

    monkeypatch.setattr("clem_icd.training.fit.build", without_weights)
    return ["training.learning_rate=1e-12"]


def evaluations(run: Path) -> list[dict[str, Any]]:
    return [row for row in json.loads((run / "history.json").read_text()) if "eval_loss" in row]


def signs(rows: list[dict[str, Any]]) -> list[list[float]]:
    return [[row[sign] for sign in SIGNS] for row in rows]


def about_the_constant(listener: Any) -> list[str]:
    return [line for line in listener.lines if "most frequent codes" in line]


def test_a_collapsed_model_is_named_with_what_to_try(
    fitted: Fit, collapsed: list[str], listener: Any, little_corpus: Corpus
) -> None:
    rows = fitted(*collapsed)
    codes_per_note = round(little_corpus.targets("validation").sum() / 20)
    for row in rows:
        assert row["eval_distinct_codes"] == codes_per_note
        assert row["eval_code_overlap"] == 1
        assert row["eval_micro_f1_over_constant"] <= 0
    first, *others = about_the_constant(listener)
    assert "Two notes share 100 % of their top codes" in first
    assert f"{codes_per_note} of 6 codes are on top of any note" in first
    assert "try training.head_learning_rate_factor=10, a smaller training.batch_size" in first
    # The recipe has it already.
    assert "prior_bias" not in first
    assert [line.split(":")[0] for line in others] == ["Still no better than the most frequent codes"] * 2


def test_a_prior_bias_is_advised_where_there_is_none(
    fitted: Fit, collapsed: list[str], listener: Any
) -> None:
    fitted(*collapsed, "head.prior_bias=false", "training.epochs=1")
    assert "try head.prior_bias=true, " in about_the_constant(listener)[0]


@pytest.mark.parametrize("name", [name for name in shipped_recipes() if read_recipe(name).system == "neural"])
def test_every_remedy_is_valid_for_the_recipe(name: str) -> None:
    recipe = read_recipe(name)
    assert isinstance(recipe, NeuralRecipe)
    settings = [word for word in _remedies(recipe).replace(",", " ").split() if "=" in word]
    read_recipe(name, settings)


def test_nothing_is_said_before_warm_up_ends(fitted: Fit, collapsed: list[str], listener: Any) -> None:
    # 30 steps, of which 20 warm up: the second evaluation is at the last of these.
    fitted(*collapsed, "training.warmup_share=0.667")
    assert [line.split(":")[0] for line in listener.lines] == [
        "Epoch 1",
        "Epoch 2",
        "Epoch 3",
        "No better than the most frequent codes",
    ]


def test_a_healthy_run_says_nothing_more_than_its_metrics(fitted: Fit, listener: Any) -> None:
    rows = fitted()
    assert [line.split(":")[0] for line in listener.lines] == ["Epoch 1", "Epoch 2", "Epoch 3"]
    assert all(row["eval_micro_f1_over_constant"] > 0.1 for row in rows)
    assert all(row["eval_code_overlap"] < 0.9 for row in rows)


def test_a_resumed_run_logs_the_same_signs(
    fitted: Fit, little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = ["training.epochs=2"]
    steps = iter(range(15))

    def interrupt(point: Point) -> None:
        if point is Point.TRAINING_STEP and next(steps, None) is None:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("clem_icd.runs.points.subscribers", [interrupt])
        with pytest.raises(KeyboardInterrupt):
            fitted(*settings)
    assert len(evaluations(tmp_path)) == 1
    resumed = signs(fitted(*settings))
    shutil.rmtree(tmp_path / "checkpoints")
    assert resumed == signs(fitted(*settings))
    assert len(resumed) == 2


def test_as_many_codes_are_on_top_as_a_note_has_on_average() -> None:
    targets = np.zeros((4, 10), dtype=np.bool_)
    targets[0, :6] = targets[1, :5] = targets[2, 0] = True
    scores = np.tile(np.linspace(1, 0, 10), (4, 1))
    signs = collapse_signs(targets, scores, np.arange(10), micro_f1=0.9)
    assert signs["distinct_codes"] == 3
    empty = collapse_signs(np.zeros_like(targets), scores, np.arange(10), micro_f1=0.0)
    assert empty == {"distinct_codes": 1, "code_overlap": 1.0, "micro_f1_over_constant": 0.0}
