"""A pretraining that is killed at any moment ends as if it had not been."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from pretraining_support import TINY_PRETRAINING

pytestmark = pytest.mark.slow

PLAIN = list(TINY_PRETRAINING)
CODES = [*PLAIN, "codes.names=3", "codes.inserted=2", "codes.notes=3", "codes.note_tokens=48"]

# Runs a command in a process that has imported everything already, which takes most of the time of so short
# a training. It kills itself at a named point of its own code: a moment that a clock could not hit.
PROGRAM = """
import json, os, signal, sys
import transformers
from clem_icd.cli import main
from clem_icd.runs import checkpoints
from clem_icd.pretraining import folder, preparation, run
from clem_icd.icd import leaf_codes
from clem_icd.icd import clinical_forms

clinical_forms(leaf_codes()[0])

POINTS = {
    "tokens": (preparation, "_require_enough"),
    "start": (run, "new_trainer"),
    "step": (transformers.Trainer, "training_step"),
    "optimizer": (transformers.Trainer, "_save_optimizer_and_scheduler"),
    "mark": (checkpoints, "write_json"),
    "rotation": (checkpoints, "_keep"),
    "encoder": (run, "_save"),
    "card": (run, "encoder_card"),
    "end": (folder.PretrainingFolder, "end"),
    "cleaning": (folder.PretrainingFolder, "clean"),
}

def die_at(owner, name, left):
    original = getattr(owner, name)
    def wrapped(*args, **kwargs):
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return original(*args, **kwargs)
    setattr(owner, name, wrapped)

for line in sys.stdin:
    where, count, arguments = json.loads(line)
    child = os.fork()
    if child == 0:
        os.dup2(2, 1)
        if where:
            die_at(*POINTS[where], count)
        sys.argv = ["clem", *arguments]
        main()
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""

Start = Callable[..., int]


@contextmanager
def starter(log: Path, hash_seed: int) -> Iterator[Start]:
    """Give a function that runs a command, which may die somewhere, and returns its exit code."""
    # Strings hash otherwise in every process of Python, and nothing may depend on it.
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "TOKENIZERS_PARALLELISM": "false"}
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
        ) as server,
    ):
        assert server.stdin is not None
        assert server.stdout is not None

        def start(arguments: list[str], where: str = "", count: int = 0) -> int:
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.write(json.dumps([where, count, arguments]) + "\n")
            server.stdin.flush()
            return int(server.stdout.readline())

        yield start
        server.stdin.close()


@pytest.fixture(scope="module")
def starts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Start, Start]]:
    """Two processes: one for what dies, and one for what goes on."""
    logs = tmp_path_factory.mktemp("logs")
    with ExitStack() as stack:
        first, second = (stack.enter_context(starter(logs / str(seed), seed)) for seed in (1, 2))
        yield first, second


@pytest.fixture(scope="module")
def command(notes_file: Path, little_corpus: Corpus) -> Callable[[Path, list[str]], list[str]]:
    def arguments(run: Path, settings: list[str]) -> list[str]:
        places = ["--text", str(notes_file), "--text", str(little_corpus.path)]
        coded = ["--coded", str(little_corpus.path)] if settings is CODES else []
        return ["pretrain", str(run), *settings, *places, *coded, "--resume", "-q"]

    return arguments


@pytest.fixture(scope="module")
def uninterrupted(
    starts: tuple[Start, Start],
    command: Callable[[Path, list[str]], list[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[list[str]], Path]:
    made: dict[str, Path] = {}

    def run(settings: list[str]) -> Path:
        if str(settings) not in made:
            place = tmp_path_factory.mktemp("whole") / "run"
            assert starts[0](command(place, settings)) == 0
            made[str(settings)] = place
        return made[str(settings)]

    return run


def losses(run: Path) -> list[dict[str, Any]]:
    """Return the history without what a clock says, and without its summary, which has a time too."""
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


# 39 steps, with checkpoints after 12, 24, 36 and 39.
POINTS = [
    ("tokens", 0),
    ("step", 5),
    ("step", 30),
    ("optimizer", 2),
    ("mark", 1),
    ("rotation", 2),
    ("encoder", 0),
    ("card", 0),
    ("end", 0),
    ("cleaning", 0),
]
OF_CODES = [("tokens", 0), ("step", 17), ("mark", 2)]


@pytest.mark.parametrize(
    ("settings", "where", "count"),
    [
        *[pytest.param(PLAIN, *point, id=f"{point[0]}-{point[1]}") for point in POINTS],
        *[pytest.param(CODES, *point, id=f"codes-{point[0]}-{point[1]}") for point in OF_CODES],
    ],
)
def test_a_killed_run_ends_as_if_it_had_not_been(
    starts: tuple[Start, Start],
    command: Callable[[Path, list[str]], list[str]],
    uninterrupted: Callable[[list[str]], Path],
    tmp_path: Path,
    settings: list[str],
    where: str,
    count: int,
) -> None:
    whole, run = uninterrupted(settings), tmp_path / "run"
    assert starts[0](command(run, settings), where, count) == -signal.SIGKILL
    assert starts[1](command(run, settings)) == 0
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        assert (run / "encoder" / name).read_bytes() == (whole / "encoder" / name).read_bytes(), name
    assert losses(run) == losses(whole)
    assert facts(run) == facts(whole)
    assert names(run) == names(whole)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_it_may_be_killed_again_and_again(
    starts: tuple[Start, Start],
    command: Callable[[Path, list[str]], list[str]],
    uninterrupted: Callable[[list[str]], Path],
    tmp_path: Path,
) -> None:
    whole, run = uninterrupted(PLAIN), tmp_path / "run"
    for number, point in enumerate([("start", 0), ("step", 20), ("step", 1), ("end", 0)]):
        assert starts[number % 2](command(run, PLAIN), *point) == -signal.SIGKILL
    assert starts[1](command(run, PLAIN)) == 0
    weights = "encoder/model.safetensors"
    assert (run / weights).read_bytes() == (whole / weights).read_bytes()
    assert losses(run) == losses(whole)


def test_a_killed_run_is_not_changed_by_what_may_not_go_on(
    starts: tuple[Start, Start], command: Callable[[Path, list[str]], list[str]], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    assert starts[0](command(run, PLAIN), "step", 20) == -signal.SIGKILL
    before = names(run)
    assert "checkpoints/checkpoint-12/complete.json" in before
    assert starts[1](command(run, [*PLAIN, "seed=1"])) == 2
    assert starts[1](command(run, CODES)) == 2
    assert starts[1]([argument for argument in command(run, PLAIN) if argument != "--resume"]) == 2
    assert names(run) == before
