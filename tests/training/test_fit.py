"""The Trainer does what it is asked, also where its defaults would not."""

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
    """Return what is logged of one optimiser step over all training notes."""
    recipe = read_recipe(
        "clem-icd-small", [*LITTLE_SETTINGS, "training.epochs=1", "training.log_steps=1", *settings]
    )
    assert isinstance(recipe, NeuralRecipe)
    run.mkdir()
    fit_neural(recipe, corpus, run, Silent())
    steps = [row for row in json.loads((run / "history.json").read_text()) if "grad_norm" in row]
    assert len(steps) == 1
    return dict(steps[0])


def test_accumulated_batches_weigh_as_one(little_corpus: Corpus, tmp_path: Path) -> None:
    """The stock Trainer adds their losses up where the model's signature takes any keyword."""
    whole = first_step(little_corpus, tmp_path / "whole", "training.batch_size=80")
    parts = first_step(
        little_corpus, tmp_path / "parts", "training.batch_size=20", "training.gradient_accumulation=4"
    )
    assert parts["loss"] == pytest.approx(whole["loss"], rel=1e-4)
    assert parts["grad_norm"] == pytest.approx(whole["grad_norm"], rel=1e-3)


def test_gradient_checkpointing_changes_memory_and_nothing_else(
    little_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counter[str]()
    forward = ModernBertMLP.forward

    def counting(layer: ModernBertMLP, *arguments: Any, **keywords: Any) -> Any:
        counted[run] += layer.training
        return forward(layer, *arguments, **keywords)

    monkeypatch.setattr(ModernBertMLP, "forward", counting)
    run = "plain"
    plain = first_step(little_corpus, tmp_path / run, "training.batch_size=80")
    run = "saved"
    saved = first_step(
        little_corpus, tmp_path / run, "training.batch_size=80", "training.gradient_checkpointing=true"
    )
    # Every layer is computed a second time, on the way back.
    assert counted["saved"] == 2 * counted["plain"]
    assert saved["loss"] == pytest.approx(plain["loss"], rel=1e-5)
    assert saved["grad_norm"] == pytest.approx(plain["grad_norm"], rel=1e-4)


def test_bf16_comes_close_to_single_precision(little_corpus: Corpus, tmp_path: Path) -> None:
    single = first_step(little_corpus, tmp_path / "single", "training.batch_size=80")
    half = first_step(little_corpus, tmp_path / "half", "training.batch_size=80", "training.precision=bf16")
    assert half["loss"] == pytest.approx(single["loss"], rel=0.02)
    assert half["loss"] != single["loss"]
