"""A run that is killed at any moment and resumed ends as if it had not been killed."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from clem_icd.corpus import Corpus
from clem_icd.locking import LOCK
from clem_icd.runs.points import Point
from fixtures.killing import ForkServers, UninterruptedRuns
from support import LITTLE_SETTINGS

pytestmark = pytest.mark.slow

# Dropout draws from the random generators, so a resumed run only agrees if these are restored too.
DROPOUT = ["encoder.dropout=0.1", "head.dropout=0.1"]
STEPS = [*LITTLE_SETTINGS, *DROPOUT, "training.epochs=4", "training.checkpoint_steps=7"]
EPOCHS = [*LITTLE_SETTINGS, "training.gradient_accumulation=3", "training.batch_size=4"]
STOPPING = [*LITTLE_SETTINGS, "training.learning_rate=3.0", "training.epochs=30", "training.patience=1"]
LORA = [*STEPS, "adapter=lora", "adapter.rank=4"]
SEEDS = [*LITTLE_SETTINGS, *DROPOUT, "training.epochs=2", "training.checkpoint_steps=7", "seeds=3"]

RESULTS = (
    "metrics.json",
    "metrics-validation.json",
    "model/model.safetensors",
    "model/clem.json",
    "scores/test.parquet",
    "evidence/test.parquet",
    "evidence.json",
)

# Drawing a report takes longer than such a run, so it is only requested where it matters.
WITHOUT_REPORT = ("matplotlib",)

Command = Callable[[Path, list[str]], list[str]]


@pytest.fixture(scope="module")
def command(little_corpus: Corpus) -> Command:
    """Return the arguments of `clem train`."""

    def arguments(run: Path, settings: list[str]) -> list[str]:
        places = ["--corpus", str(little_corpus.path), "--out", str(run)]
        return ["train", "clem-icd-small", *places, "--resume", "-q", *settings]

    return arguments


@pytest.fixture(scope="module")
def uninterrupted(
    servers: ForkServers, command: Command, tmp_path_factory: pytest.TempPathFactory
) -> UninterruptedRuns:
    return UninterruptedRuns(servers, command, tmp_path_factory.mktemp("whole"), WITHOUT_REPORT)


def kill_and_resume(
    servers: ForkServers,
    arguments: list[str],
    point: Point,
    count: int,
    hidden: tuple[str, ...] = WITHOUT_REPORT,
) -> None:
    servers.kill(arguments, point, count, hidden=hidden)
    servers.complete(arguments, hidden=hidden)


def assert_same(run: Path, whole: Path, names: list[str]) -> None:
    for name in names:
        assert (run / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.mark.parametrize(
    ("point", "count"),
    [
        (Point.TRAINING_STEP, 3),
        (Point.TRAINING_STEP, 18),
        (Point.OPTIMIZER_SAVING, 2),
        (Point.CHECKPOINT_MARKING, 1),
        (Point.CHECKPOINT_ROTATION, 3),
        (Point.SCORES_WRITING, 1),
        (Point.MODEL_WRITING, 0),
        (Point.EVIDENCE_WRITING, 0),
    ],
)
def test_resume_matches_an_uninterrupted_run(
    servers: ForkServers,
    command: Command,
    uninterrupted: UninterruptedRuns,
    tmp_path: Path,
    point: Point,
    count: int,
) -> None:
    whole, run = uninterrupted(STEPS), tmp_path / "run"
    kill_and_resume(servers, command(run, STEPS), point, count)
    assert_same(run, whole, list(RESULTS))


def test_resume_matches_and_writes_the_report_that_is_missing(
    servers: ForkServers, command: Command, uninterrupted: UninterruptedRuns, tmp_path: Path
) -> None:
    whole, run = uninterrupted(STEPS), tmp_path / "run"
    kill_and_resume(servers, command(run, STEPS), Point.REPORT_WRITING, 0, hidden=())
    assert_same(run, whole, list(RESULTS))
    assert {"report.html", "learning-curves.png"} <= {path.name for path in run.iterdir()}


@pytest.mark.parametrize(
    ("settings", "point", "count"),
    [
        pytest.param(EPOCHS, Point.TRAINING_STEP, 40, id="accumulation-training-step-40"),
        pytest.param(EPOCHS, Point.CHECKPOINT_MARKING, 1, id="accumulation-checkpoint-marking-1"),
        pytest.param(STOPPING, Point.SCORES_WRITING, 0, id="early-stopping-scores-writing-0"),
        pytest.param(LORA, Point.TRAINING_STEP, 18, id="lora-training-step-18"),
    ],
)
def test_resume_matches_with_accumulation_early_stopping_or_an_adapter(
    servers: ForkServers,
    command: Command,
    uninterrupted: UninterruptedRuns,
    tmp_path: Path,
    settings: list[str],
    point: Point,
    count: int,
) -> None:
    whole, run = uninterrupted(settings), tmp_path / "run"
    kill_and_resume(servers, command(run, settings), point, count)
    assert_same(run, whole, list(RESULTS))


@pytest.mark.parametrize(
    # A run has 20 steps, and there are metrics of two splits.
    ("point", "count"),
    [
        (Point.TRAINING_STEP, 3),
        (Point.TRAINING_START, 1),
        (Point.TRAINING_STEP, 34),
        (Point.SEEDS_SUMMARY, 1),
    ],
)
def test_resume_matches_with_several_seeds(
    servers: ForkServers,
    command: Command,
    uninterrupted: UninterruptedRuns,
    tmp_path: Path,
    point: Point,
    count: int,
) -> None:
    whole, runs = uninterrupted(SEEDS), tmp_path / "runs"
    kill_and_resume(servers, command(runs, SEEDS), point, count)
    names = [f"seed-{seed}/{name}" for seed in range(3) for name in RESULTS]
    assert_same(runs, whole, [*names, "metrics.json", "metrics-validation.json", "seeds.json"])
    assert [path.name for path in runs.iterdir() if path.name.startswith(".")] == [LOCK]


def test_sigterm_ends_a_process_that_another_one_resumes(
    servers: ForkServers, command: Command, uninterrupted: UninterruptedRuns, tmp_path: Path
) -> None:
    whole, run = uninterrupted(STEPS), tmp_path / "run"
    arguments = command(run, STEPS)
    stopped = servers.first.run(
        arguments, Point.TRAINING_STEP, 17, number=signal.SIGTERM, hidden=WITHOUT_REPORT
    )
    assert stopped.code == 143, stopped.output
    assert stopped.output.splitlines()[-1].startswith("clem: stopped by SIGTERM at step 18. Resume the run")
    servers.complete(arguments, hidden=WITHOUT_REPORT)
    assert_same(run, whole, list(RESULTS))
