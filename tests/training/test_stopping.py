"""SIGTERM during training saves a checkpoint, and the resumed run ends like an uninterrupted one."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.progress import Silent
from clem_icd.runs.checkpoints import last_checkpoint
from clem_icd.runs.points import Point, subscribers
from clem_icd.runs.stopping import Stopped, stopping_on_sigterm
from clem_icd.training import NeuralRecipe, read_recipe, train
from fixtures.stopping import sigterm_at
from support import LITTLE_SETTINGS

pytestmark = pytest.mark.usefixtures("without_report")

# Dropout draws from the random generators, and the loss is logged between checkpoints.
DROPOUT = ["encoder.dropout=0.1", "head.dropout=0.1"]
EPOCHS = [*LITTLE_SETTINGS, *DROPOUT, "training.epochs=2", "training.log_steps=4"]
STEPS = [*EPOCHS, "training.checkpoint_steps=6"]
ACCUMULATION = [*EPOCHS, "training.gradient_accumulation=3", "training.batch_size=4"]
EARLY = [*LITTLE_SETTINGS, "training.learning_rate=3.0", "training.epochs=9", "training.patience=1"]

RESULTS = ("metrics.json", "metrics-validation.json", "model/model.safetensors", "scores/test.parquet")

Trained = Callable[[list[str], Path], Path]


def recipe_of(settings: list[str]) -> NeuralRecipe:
    recipe = read_recipe("clem-icd-small", settings)
    assert isinstance(recipe, NeuralRecipe)
    return recipe


@pytest.fixture(scope="module")
def uninterrupted(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    @cache
    def run(*settings: str) -> Path:
        place = tmp_path_factory.mktemp("whole") / "run"
        return train(recipe_of(list(settings)), little_corpus, place)

    return run


def stop_at(
    point: Point, count: int, settings: list[str], corpus: Corpus, run: Path, *, times: int = 1
) -> int | None:
    """Train until SIGTERM at a point; return the step of which the exception tells."""
    with sigterm_at(point, count, times=times), pytest.raises(Stopped) as caught, stopping_on_sigterm():
        train(recipe_of(settings), corpus, run, resume=True)
    return caught.value.step


def history(run: Path) -> list[dict[str, Any]]:
    """Return what was logged, but for durations."""
    rows = json.loads((run / "history.json").read_text())
    return [
        {key: value for key, value in row.items() if not key.endswith(("_runtime", "_per_second"))}
        for row in rows
        if "train_runtime" not in row
    ]


def assert_resumes(run: Path, whole: Path, settings: list[str], corpus: Corpus) -> None:
    """Resume a run, and require the results of an uninterrupted one."""
    train(recipe_of(settings), corpus, run, resume=True)
    for name in RESULTS:
        assert (run / name).read_bytes() == (whole / name).read_bytes(), name
    assert history(run) == history(whole)


@pytest.mark.parametrize(
    # There are two epochs of 10 steps. Checkpoints are due after 10 and 20, or after 6, 12, 18 and 20.
    ("settings", "point", "count", "step"),
    [
        pytest.param(EPOCHS, Point.TRAINING_STEP, 12, 13, id="middle-of-an-epoch"),
        pytest.param(EPOCHS, Point.TRAINING_STEP, 9, 10, id="last-step-of-an-epoch"),
        pytest.param(EPOCHS, Point.EVALUATION_STEP, 1, 10, id="evaluation-after-an-epoch"),
        pytest.param(EPOCHS, Point.EVALUATION_STEP, 4, 20, id="last-evaluation"),
        pytest.param(STEPS, Point.TRAINING_STEP, 13, 14, id="between-checkpoints"),
        pytest.param(STEPS, Point.TRAINING_STEP, 11, 12, id="step-before-an-evaluation"),
        pytest.param(STEPS, Point.EVALUATION_STEP, 4, 12, id="evaluation-after-steps"),
        pytest.param(ACCUMULATION, Point.TRAINING_STEP, 4, 2, id="inside-an-accumulated-step"),
    ],
)
def test_the_step_is_finished_and_the_resumed_run_ends_like_an_uninterrupted_one(
    little_corpus: Corpus,
    uninterrupted: Callable[..., Path],
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
    little_corpus: Corpus, uninterrupted: Callable[..., Path], tmp_path: Path
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
    little_corpus: Corpus, uninterrupted: Callable[..., Path], tmp_path: Path
) -> None:
    whole, run = uninterrupted(*EARLY), tmp_path / "run"
    last = max(row["step"] for row in history(whole))
    assert last < 90
    assert stop_at(Point.TRAINING_STEP, last - 1, EARLY, little_corpus, run) == last
    assert_resumes(run, whole, EARLY, little_corpus)


def test_further_signals_change_nothing(
    little_corpus: Corpus, uninterrupted: Callable[..., Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    assert stop_at(Point.TRAINING_STEP, 2, EPOCHS, little_corpus, run, times=3) == 3
    with sigterm_at(Point.OPTIMIZER_SAVING, 0, times=2):
        assert stop_at(Point.TRAINING_STEP, 1, EPOCHS, little_corpus, run) == 5
    assert_resumes(run, uninterrupted(*EPOCHS), EPOCHS, little_corpus)


@pytest.mark.parametrize("point", [Point.SCORES_WRITING, Point.MODEL_WRITING])
def test_after_training_it_ends_at_once_and_resumes(
    little_corpus: Corpus, uninterrupted: Callable[..., Path], tmp_path: Path, point: Point
) -> None:
    assert stop_at(point, 0, EPOCHS, little_corpus, tmp_path / "run") is None
    assert list(tmp_path.rglob(".partial-*")) == []
    assert_resumes(tmp_path / "run", uninterrupted(*EPOCHS), EPOCHS, little_corpus)


def test_before_training_it_leaves_nothing(little_corpus: Corpus, tmp_path: Path) -> None:
    assert stop_at(Point.TRAINING_START, 0, EPOCHS, little_corpus, tmp_path / "run") is None
    assert list(tmp_path.iterdir()) == []


def test_stopping_names_the_seed_that_goes_on(little_corpus: Corpus, tmp_path: Path) -> None:
    settings = [*EPOCHS, "seeds=2"]
    assert stop_at(Point.TRAINING_STEP, 24, settings, little_corpus, tmp_path / "runs") == 5
    assert (tmp_path / "runs" / "seed-0" / "metrics.json").is_file()
    assert (tmp_path / "runs" / "seed-1" / "checkpoints" / "checkpoint-5" / "complete.json").is_file()


def test_how_often_is_evaluated_does_not_change_what_is_learned(uninterrupted: Callable[..., Path]) -> None:
    """So it does not matter either whether an evaluation is done before a checkpoint or after it."""
    rare, often = (
        [row["loss"] for row in history(uninterrupted(*one)) if "loss" in row] for one in (EPOCHS, STEPS)
    )
    assert len(rare) == 5
    assert rare == often


def test_training_alone_leaves_the_signal_to_its_process(little_corpus: Corpus, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    found = []
    subscribers.append(lambda _: found.append(signal.getsignal(signal.SIGTERM)))
    try:
        train(recipe_of([*EPOCHS, "training.epochs=1"]), little_corpus, tmp_path / "run")
    finally:
        subscribers.pop()
    assert len(found) > 10
    assert set(found) == {before}
