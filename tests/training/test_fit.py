"""Trainer settings take effect, including those that its defaults would override."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from transformers.models.modernbert.modeling_modernbert import ModernBertMLP

from clem_icd.corpus import Corpus
from clem_icd.progress import Silent
from clem_icd.training import NeuralRecipe, read_recipe
from clem_icd.training.fit import fit_neural
from support import LITTLE_SETTINGS


def first_step(corpus: Corpus, run: Path, *settings: str) -> dict[str, Any]:
    """Return the log entry of a single optimizer step over all training notes."""
    recipe = read_recipe(
        "clem-icd-small", [*LITTLE_SETTINGS, "training.epochs=1", "training.log_steps=1", *settings]
    )
    assert isinstance(recipe, NeuralRecipe)
    run.mkdir()
    fit_neural(recipe, corpus, run, Silent())
    steps = [row for row in json.loads((run / "history.json").read_text()) if "grad_norm" in row]
    assert len(steps) == 1
    return dict(steps[0])


@pytest.fixture(scope="module")
def whole(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The step of a single batch with all notes, in single precision."""
    run = tmp_path_factory.mktemp("fit") / "whole"
    return first_step(little_corpus, run, "training.batch_size=80")


def test_accumulated_batches_give_the_same_step_as_one_batch(
    whole: dict[str, Any], little_corpus: Corpus, tmp_path: Path
) -> None:
    """The stock Trainer would sum their losses, because the model's forward takes arbitrary keywords."""
    parts = first_step(
        little_corpus, tmp_path / "parts", "training.batch_size=20", "training.gradient_accumulation=4"
    )
    assert parts["loss"] == pytest.approx(whole["loss"], rel=1e-4)
    assert parts["grad_norm"] == pytest.approx(whole["grad_norm"], rel=1e-3)


@pytest.mark.parametrize("settings", [[], ["adapter=lora"]], ids=["all-weights", "lora"])
def test_gradient_checkpointing_gives_the_same_step(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: list[str]
) -> None:
    counted = Counter[str]()
    forward = ModernBertMLP.forward

    def counting(layer: ModernBertMLP, *arguments: Any, **keywords: Any) -> Any:
        counted[run] += layer.training
        return forward(layer, *arguments, **keywords)

    monkeypatch.setattr(ModernBertMLP, "forward", counting)
    run = "plain"
    settings = [*settings, "training.batch_size=80"]
    plain = first_step(little_corpus, tmp_path / run, *settings)
    run = "saved"
    saved = first_step(little_corpus, tmp_path / run, *settings, "training.gradient_checkpointing=true")
    # Every layer is recomputed in the backward pass.
    assert counted["saved"] == 2 * counted["plain"]
    assert saved["loss"] == pytest.approx(plain["loss"], rel=1e-5)
    assert saved["grad_norm"] == pytest.approx(plain["grad_norm"], rel=1e-4)


def test_bf16_gives_nearly_the_loss_of_single_precision(
    whole: dict[str, Any], little_corpus: Corpus, tmp_path: Path
) -> None:
    half = first_step(little_corpus, tmp_path / "half", "training.batch_size=80", "training.precision=bf16")
    assert half["loss"] == pytest.approx(whole["loss"], rel=0.02)
    assert half["loss"] != whole["loss"]
