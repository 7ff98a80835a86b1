"""SIGTERM during training saves a checkpoint, and the resumed run ends like an uninterrupted one."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from clem_icd.corpus import Corpus
from clem_icd.progress import Silent
from clem_icd.runs.checkpoints import last_checkpoint
from clem_icd.runs.points import Point, subscribers
from clem_icd.runs.stopping import Stopped, stopping_on_sigterm
from clem_icd.training import NeuralRecipe, read_recipe, train
from clem_icd.training.fit import fit_neural
from fixtures.stopping import sigterm_at
from support import LITTLE_SETTINGS

pytestmark = pytest.mark.usefixtures("without_report")

# Dropout draws from the random generators, and the loss is logged between checkpoints.
DROPOUT = ["encoder.dropout=0.1", "head.dropout=0.1"]
EPOCHS = [*LITTLE_SETTINGS, *DROPOUT, "training.epochs=2", "training.log_steps=4"]
STEPS = [*EPOCHS, "training.checkpoint_steps=6"]
ACCUMULATION = [*EPOCHS, "training.gradient_accumulation=3", "training.batch_size=4"]
EARLY = [*LITTLE_SETTINGS, "training.learning_rate=3.0", "training.epochs=9", "training.patience=1"]


@dataclass(frozen=True)
class Fitted:
    """The selected weights, and what was logged but for durations."""

    weights: dict[str, torch.Tensor]
    history: list[dict[str, Any]]


def recipe_of(settings: Sequence[str]) -> NeuralRecipe:
    recipe = read_recipe("clem-icd-small", settings)
    assert isinstance(recipe, NeuralRecipe)
    return recipe


def fit(settings: Sequence[str], corpus: Corpus, run: Path) -> Fitted:
    """Train, or resume, without scoring anything at the end."""
    run.mkdir(exist_ok=True)
    weights = fit_neural(recipe_of(settings), corpus, run, Silent()).model.state_dict()
    rows = [
        {key: value for key, value in row.items() if not key.endswith(("_runtime", "_per_second"))}
        for row in json.loads((run / "history.json").read_text())
        if "train_runtime" not in row
    ]
    return Fitted(weights, rows)


@pytest.fixture(scope="module")
def uninterrupted(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Fitted]:
    """Return a function that trains with some settings, once."""
    return cache(lambda *settings: fit(settings, little_corpus, tmp_path_factory.mktemp("whole")))


def stop_at(
    point: Point, count: int, settings: list[str], corpus: Corpus, run: Path, *, times: int = 1
) -> int | None:
    """Train until SIGTERM at a point, and return the step that was reached."""
    with sigterm_at(point, count, times=times), pytest.raises(Stopped) as caught, stopping_on_sigterm():
        fit(settings, corpus, run)
    return caught.value.step


def assert_resumes(run: Path, whole: Fitted, settings: list[str], corpus: Corpus) -> None:
    """Resume training, and require that it ends like an uninterrupted one."""
    found = fit(settings, corpus, run)
    assert found.history == whole.history
    assert found.weights.keys() == whole.weights.keys()
    assert all(torch.equal(found.weights[name], weights) for name, weights in whole.weights.items())


@pytest.mark.parametrize(
    # There are two epochs of 10 steps. Checkpoints are due after 10 and 20, or after 6, 12, 18 and 20.
    ("settings", "point", "count", "step"),
    [
        pytest.param(EPOCHS, Point.TRAINING_STEP, 12, 13, id="middle-of-an-epoch"),
        pytest.param(EPOCHS, Point.TRAINING_STEP, 9, 10, id="last-step-of-an-epoch"),
        pytest.param(EPOCHS, Point.EVALUATION_STEP, 1, 10, id="evaluation-after-an-epoch"),
        pytest.param(EPOCHS, Point.EVALUATION_STEP, 4, 20, id="last-evaluation"),
        pytest.param(ACCUMULATION, Point.TRAINING_STEP, 4, 2, id="inside-an-accumulated-step"),
    ],
)
def test_the_step_is_finished_and_the_resumed_run_ends_like_an_uninterrupted_one(
    little_corpus: Corpus,
    uninterrupted: Callable[..., Fitted],
    tmp_path: Path,
    settings: list[str],
    point: Point,
    count: int,
    step: int,
) -> None:
    assert stop_at(point, count, settings, little_corpus, tmp_path / "run") == step
    found = last_checkpoint(tmp_path / "run" / "checkpoints", Silent().say)
    assert found is not None
    assert found.step == step
    assert_resumes(tmp_path / "run", uninterrupted(*settings), settings, little_corpus)


def test_a_run_may_be_stopped_again_and_again(
    little_corpus: Corpus, uninterrupted: Callable[..., Fitted], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    for point, count, step in (
        (Point.TRAINING_STEP, 5, 6),  # before the evaluation
        (Point.EVALUATION_STEP, 1, 6),  # which is begun, and put off again
        (Point.TRAINING_STEP, 0, 7),
        (Point.EVALUATION_STEP, 0, 12),
        (Point.TRAINING_STEP, 2, 15),
    ):
        assert stop_at(point, count, STEPS, little_corpus, run) == step
    assert_resumes(run, uninterrupted(*STEPS), STEPS, little_corpus)


def test_early_stopping_is_noticed_in_an_evaluation_that_was_put_off(
    little_corpus: Corpus, uninterrupted: Callable[..., Fitted], tmp_path: Path
) -> None:
    whole, run = uninterrupted(*EARLY), tmp_path / "run"
    last = max(row["step"] for row in whole.history)
    assert last < 90
    assert stop_at(Point.TRAINING_STEP, last - 1, EARLY, little_corpus, run) == last
    assert_resumes(run, whole, EARLY, little_corpus)


def test_further_signals_change_nothing(
    little_corpus: Corpus, uninterrupted: Callable[..., Fitted], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    assert stop_at(Point.TRAINING_STEP, 2, EPOCHS, little_corpus, run, times=3) == 3
    with sigterm_at(Point.OPTIMIZER_SAVING, 0, times=2):
        assert stop_at(Point.TRAINING_STEP, 1, EPOCHS, little_corpus, run) == 5
    assert_resumes(run, uninterrupted(*EPOCHS), EPOCHS, little_corpus)


@pytest.mark.parametrize("point", [Point.SCORES_WRITING, Point.MODEL_WRITING])
def test_after_training_it_ends_at_once_and_resumes(
    little_corpus: Corpus, tmp_path: Path, point: Point
) -> None:
    recipe = recipe_of([*EPOCHS, "training.epochs=1"])
    whole, run = train(recipe, little_corpus, tmp_path / "whole"), tmp_path / "run"
    with sigterm_at(point, 0), pytest.raises(Stopped) as caught, stopping_on_sigterm():
        train(recipe, little_corpus, run)
    assert caught.value.step is None
    assert list(tmp_path.rglob(".partial-*")) == []
    train(recipe, little_corpus, run, resume=True)
    for name in ("metrics.json", "model/model.safetensors", "scores/test.parquet"):
        assert (run / name).read_bytes() == (whole / name).read_bytes(), name


def test_before_training_it_leaves_nothing(little_corpus: Corpus, tmp_path: Path) -> None:
    with sigterm_at(Point.TRAINING_START, 0), pytest.raises(Stopped), stopping_on_sigterm():
        train(recipe_of(EPOCHS), little_corpus, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_with_several_seeds_the_one_in_training_has_a_checkpoint(
    little_corpus: Corpus, tmp_path: Path
) -> None:
    recipe = recipe_of([*EPOCHS, "training.epochs=1", "seeds=2"])
    with sigterm_at(Point.TRAINING_STEP, 14), pytest.raises(Stopped), stopping_on_sigterm():
        train(recipe, little_corpus, tmp_path / "runs")
    assert (tmp_path / "runs" / "seed-0" / "metrics.json").is_file()
    assert (tmp_path / "runs" / "seed-1" / "checkpoints" / "checkpoint-5" / "complete.json").is_file()


def test_how_often_is_evaluated_does_not_change_what_is_learned(uninterrupted: Callable[..., Fitted]) -> None:
    """So it does not matter either whether an evaluation is done before a checkpoint or after it."""
    runs = [uninterrupted(*settings).history for settings in (EPOCHS, STEPS)]
    rare, often = ([row["loss"] for row in run if "loss" in row] for run in runs)
    assert len(rare) == 5
    assert rare == often


def test_training_alone_leaves_the_signal_to_its_process(little_corpus: Corpus, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    found = []
    subscribers.append(lambda _: found.append(signal.getsignal(signal.SIGTERM)))
    try:
        fit([*EPOCHS, "training.epochs=1"], little_corpus, tmp_path / "run")
    finally:
        subscribers.pop()
    assert len(found) > 10
    assert set(found) == {before}
