"""A training that is killed at any moment ends as if it had not been."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clem_icd.corpus import Corpus
from support import LITTLE_SETTINGS

# Dropout draws from the random generators, so a resumed run only agrees if these are restored too.
DROPOUT = ["encoder.dropout=0.1", "head.dropout=0.1"]
SETTINGS = [
    *LITTLE_SETTINGS,
    *DROPOUT,
    "training.epochs=4",
    "training.checkpoint_steps=7",
]

RESULTS = ("metrics.json", "metrics-validation.json", "model/model.safetensors", "scores/test.parquet")

# The process kills itself at a named point of its own code: a moment that a clock could not hit.
PROGRAM = """
import os, signal, sys
from pathlib import Path

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

where, count = sys.argv.pop(1), int(sys.argv.pop(1))
import transformers
from clem_icd.runs import checkpoints
from clem_icd.training import folder, run
from clem_icd.prediction import bulk

def after(owner, name):
    original, left = getattr(owner, name), [count]
    def wrapped(*args, **kwargs):
        if left[0] == 0:
            die()
        left[0] -= 1
        return original(*args, **kwargs)
    setattr(owner, name, wrapped)

if where == "step":
    after(transformers.Trainer, "training_step")
elif where == "optimizer":
    after(transformers.Trainer, "_save_optimizer_and_scheduler")
elif where == "mark":
    after(checkpoints, "write_json")
elif where == "rotation":
    after(checkpoints, "_keep")
elif where == "scores":
    after(bulk, "write_scores")
elif where == "model":
    after(run, "save_model")
elif where == "report":
    after(run, "write_report")
elif where == "start":
    after(run, "train_neural")
elif where == "summary":
    after(folder, "spread")
from clem_icd.cli import main
main()
"""


def command(corpus: Path, run: Path, settings: list[str] = SETTINGS) -> list[str]:
    places = ["--corpus", str(corpus), "--out", str(run)]
    return ["train", "clem-icd-small", *places, "--resume", "-q", *settings]


def start(program: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *program], capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture(scope="module")
def uninterrupted(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("whole") / "run"
    ended = start(["-m", "clem_icd.cli", *command(little_corpus.path, run)])
    assert ended.returncode == 0, ended.stderr
    return run


EPOCHS = [*LITTLE_SETTINGS, "training.gradient_accumulation=3", "training.batch_size=4"]
STOPPING = [*LITTLE_SETTINGS, "training.learning_rate=3.0", "training.epochs=30", "training.patience=1"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "where", "count"), [(EPOCHS, "step", 40), (EPOCHS, "mark", 1), (STOPPING, "scores", 0)]
)
def test_so_does_one_that_accumulates_or_stopped_early(
    little_corpus: Corpus, tmp_path: Path, settings: list[str], where: str, count: int
) -> None:
    whole, run = tmp_path / "whole", tmp_path / "run"
    assert start(["-m", "clem_icd.cli", *command(little_corpus.path, whole, settings)]).returncode == 0
    killed = start(["-c", PROGRAM, where, str(count), *command(little_corpus.path, run, settings)])
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    resumed = start(["-m", "clem_icd.cli", *command(little_corpus.path, run, settings)])
    assert resumed.returncode == 0, resumed.stderr
    for name in RESULTS:
        assert (run / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("step", 3),
        ("step", 18),
        ("optimizer", 2),
        ("mark", 1),
        ("rotation", 3),
        ("scores", 1),
        ("model", 0),
        ("report", 0),
    ],
)
def test_a_killed_run_ends_as_if_it_had_not_been(
    little_corpus: Corpus, uninterrupted: Path, tmp_path: Path, where: str, count: int
) -> None:
    run = tmp_path / "run"
    killed = start(["-c", PROGRAM, where, str(count), *command(little_corpus.path, run)])
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    resumed = start(["-m", "clem_icd.cli", *command(little_corpus.path, run)])
    assert resumed.returncode == 0, resumed.stderr
    for name in RESULTS:
        assert (run / name).read_bytes() == (uninterrupted / name).read_bytes(), name


SEEDS = [
    *LITTLE_SETTINGS,
    *DROPOUT,
    "training.epochs=2",
    "training.checkpoint_steps=7",
    "seeds=3",
]


@pytest.fixture(scope="module")
def uninterrupted_seeds(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("seeds") / "runs"
    ended = start(["-m", "clem_icd.cli", *command(little_corpus.path, runs, SEEDS)])
    assert ended.returncode == 0, ended.stderr
    return runs


@pytest.mark.slow
@pytest.mark.parametrize(
    # A run has 20 steps, and there are metrics of two splits.
    ("where", "count"),
    [("step", 3), ("start", 1), ("step", 34), ("summary", 1)],
)
def test_so_do_killed_runs_with_several_seeds(
    little_corpus: Corpus, uninterrupted_seeds: Path, tmp_path: Path, where: str, count: int
) -> None:
    runs = tmp_path / "runs"
    killed = start(["-c", PROGRAM, where, str(count), *command(little_corpus.path, runs, SEEDS)])
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    resumed = start(["-m", "clem_icd.cli", *command(little_corpus.path, runs, SEEDS)])
    assert resumed.returncode == 0, resumed.stderr
    names = [f"seed-{seed}/{name}" for seed in range(3) for name in RESULTS]
    for name in [*names, "metrics.json", "metrics-validation.json", "seeds.json"]:
        assert (runs / name).read_bytes() == (uninterrupted_seeds / name).read_bytes(), name
    assert [path for path in runs.iterdir() if path.name.startswith(".")] == []
