"""A run whose checkpoints were damaged ends like one that nothing happened to."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from clem_icd.corpus import Corpus
from clem_icd.progress import Silent
from clem_icd.runs.points import Point
from clem_icd.runs.stopping import Stopped, stopping_on_sigterm
from clem_icd.training import NeuralRecipe, read_recipe
from clem_icd.training.fit import fit_neural
from fixtures.stopping import sigterm_at
from support import LITTLE_SETTINGS

# Checkpoints are due after 6, 12, 18 and 20 steps.
SETTINGS = [*LITTLE_SETTINGS, "encoder.dropout=0.1", "training.epochs=2", "training.checkpoint_steps=6"]


@pytest.fixture(scope="module")
def recipe() -> NeuralRecipe:
    recipe = read_recipe("clem-icd-small", SETTINGS)
    assert isinstance(recipe, NeuralRecipe)
    return recipe


@pytest.fixture(scope="module")
def stopped(recipe: NeuralRecipe, little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was stopped after 14 steps."""
    run = tmp_path_factory.mktemp("stopped")
    with sigterm_at(Point.TRAINING_STEP, 13), pytest.raises(Stopped), stopping_on_sigterm():
        fit_neural(recipe, little_corpus, run, Silent())
    return run


@pytest.fixture(scope="module")
def whole(
    recipe: NeuralRecipe, little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, torch.Tensor]:
    """The weights without any damage."""
    system = fit_neural(recipe, little_corpus, tmp_path_factory.mktemp("whole"), Silent())
    return dict(system.model.state_dict())


@pytest.mark.parametrize(
    ("damaged", "lines"),
    [
        (["checkpoint-14/optimizer.pt"], ["using that of step 12", "Resuming from step 12"]),
        (["checkpoint-14/trainer_state.json"], ["using that of step 12", "Resuming from step 12"]),
        (["checkpoint-12/model.safetensors"], ["training starts again"]),
        (["checkpoint-12/rng_state.pth", "checkpoint-14/scheduler.pt"], ["training starts again"] * 2),
    ],
)
def test_training_goes_on_from_the_last_intact_checkpoint_to_the_same_results(
    recipe: NeuralRecipe,
    little_corpus: Corpus,
    stopped: Path,
    whole: dict[str, torch.Tensor],
    tmp_path: Path,
    listener: Any,
    damaged: list[str],
    lines: list[str],
) -> None:
    run = Path(shutil.copytree(stopped, tmp_path / "run"))
    assert {path.name for path in (run / "checkpoints").iterdir()} == {"checkpoint-12", "checkpoint-14"}
    for name in damaged:
        file = run / "checkpoints" / name
        file.write_bytes(file.read_bytes()[:-20])
    weights = fit_neural(recipe, little_corpus, run, listener).model.state_dict()
    found = [line for line in listener.lines if "damaged" in line or "Resuming" in line]
    assert len(found) == len(lines)
    assert all(line.endswith(end) for line, end in zip(found, lines, strict=True)), found
    assert all(torch.equal(weights[name], found) for name, found in whole.items())
