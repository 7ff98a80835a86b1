"""A pretraining run that is killed at any moment and resumed ends as if it had not been killed."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.runs.points import Point
from fixtures.killing import ForkServers, UninterruptedRuns
from pretraining_support import TINY_PRETRAINING

pytestmark = pytest.mark.slow

PLAIN = [*TINY_PRETRAINING, "training.tokens=10000", "training.checkpoint_steps=6"]
CODES = [*PLAIN, "codes.names=3", "codes.inserted=2", "codes.notes=3", "codes.note_tokens=48"]

Command = Callable[[Path, list[str]], list[str]]


@pytest.fixture(scope="module")
def command(notes_file: Path, little_corpus: Corpus) -> Command:
    def arguments(run: Path, settings: list[str]) -> list[str]:
        places = ["--text", str(notes_file), "--text", str(little_corpus.path)]
        coded = ["--coded", str(little_corpus.path)] if settings is CODES else []
        return ["pretrain", str(run), *settings, *places, *coded, "--resume", "-q"]

    return arguments


@pytest.fixture(scope="module")
def uninterrupted(
    servers: ForkServers, command: Command, tmp_path_factory: pytest.TempPathFactory
) -> UninterruptedRuns:
    return UninterruptedRuns(servers, command, tmp_path_factory.mktemp("whole"))


def losses(run: Path) -> list[dict[str, Any]]:
    """Return the history without times, and without its summary, which has a time too."""
    rows = json.loads((run / "history.json").read_text())
    return [
        {key: value for key, value in row.items() if not key.endswith(("_runtime", "_per_second"))}
        for row in rows
        if "train_runtime" not in row
    ]


def facts(run: Path) -> dict[str, Any]:
    state: dict[str, Any] = json.loads((run / "pretraining.json").read_text())
    assert state.pop("seconds_since_last_start") >= 0
    return state


def names(run: Path) -> set[str]:
    return {str(path.relative_to(run)) for path in run.rglob("*")}


# 20 steps, of which the last 5 have longer rows, with checkpoints after 6, 12, 18 and 20.
POINTS = [
    (Point.TOKENS_CHECK, 0),
    (Point.TRAINING_STEP, 3),
    (Point.TRAINING_STEP, 16),
    (Point.OPTIMIZER_SAVING, 2),
    (Point.CHECKPOINT_MARKING, 1),
    (Point.CHECKPOINT_ROTATION, 2),
    (Point.ENCODER_WRITING, 0),
    (Point.CARD_WRITING, 0),
    (Point.RUN_END, 0),
    (Point.RUN_CLEANING, 0),
]
POINTS_WITH_CODES = [(Point.TOKENS_CHECK, 0), (Point.TRAINING_STEP, 9), (Point.CHECKPOINT_MARKING, 2)]


@pytest.mark.parametrize(
    ("settings", "point", "count"),
    [
        *[pytest.param(PLAIN, *point, id=f"{point[0]}-{point[1]}") for point in POINTS],
        *[pytest.param(CODES, *point, id=f"codes-{point[0]}-{point[1]}") for point in POINTS_WITH_CODES],
    ],
)
def test_resume_matches_an_uninterrupted_run(
    servers: ForkServers,
    command: Command,
    uninterrupted: UninterruptedRuns,
    tmp_path: Path,
    settings: list[str],
    point: Point,
    count: int,
) -> None:
    whole, run = uninterrupted(settings), tmp_path / "run"
    servers.kill(command(run, settings), point, count)
    servers.complete(command(run, settings))
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        assert (run / "encoder" / name).read_bytes() == (whole / "encoder" / name).read_bytes(), name
    assert losses(run) == losses(whole)
    assert facts(run) == facts(whole)
    assert names(run) == names(whole)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_resume_matches_after_several_kills(
    servers: ForkServers, command: Command, uninterrupted: UninterruptedRuns, tmp_path: Path
) -> None:
    whole, run = uninterrupted(PLAIN), tmp_path / "run"
    kills = [
        (servers.first, Point.TRAINING_START, 0),
        (servers.second, Point.TRAINING_STEP, 10),
        (servers.first, Point.TRAINING_STEP, 1),
        (servers.second, Point.RUN_END, 0),
    ]
    for server, point, count in kills:
        killed = server.run(command(run, PLAIN), point, count)
        assert killed.code == -signal.SIGKILL, killed.output
    servers.complete(command(run, PLAIN))
    weights = "encoder/model.safetensors"
    assert (run / weights).read_bytes() == (whole / weights).read_bytes()
    assert losses(run) == losses(whole)


def test_a_killed_run_is_not_changed_by_commands_that_cannot_resume_it(
    servers: ForkServers, command: Command, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    servers.kill(command(run, PLAIN), Point.TRAINING_STEP, 10)
    before = names(run)
    assert "checkpoints/checkpoint-6/complete.json" in before
    for arguments in (
        command(run, [*PLAIN, "seed=1"]),
        command(run, CODES),
        [argument for argument in command(run, PLAIN) if argument != "--resume"],
    ):
        refused = servers.second.run(arguments)
        assert refused.code == 2, refused.output
    assert names(run) == before


def test_a_damaged_checkpoint_is_not_resumed_from(
    servers: ForkServers, command: Command, uninterrupted: UninterruptedRuns, tmp_path: Path
) -> None:
    whole, run = uninterrupted(PLAIN), tmp_path / "run"
    servers.kill(command(run, PLAIN), Point.TRAINING_STEP, 14)
    weights = run / "checkpoints/checkpoint-12/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-50])
    resumed = servers.second.run([one for one in command(run, PLAIN) if one != "-q"])
    assert resumed.code == 0, resumed.output
    assert "the checkpoint of step 12 is damaged (model.safetensors has" in resumed.output
    assert "using that of step 6" in resumed.output
    assert losses(run) == losses(whole)
