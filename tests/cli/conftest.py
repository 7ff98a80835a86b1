"""One journey through the verbs, shared by all tests here, and a way to check a refusal."""

from __future__ import annotations

import csv
import gzip
import json
import random
import shutil
import string
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from transformers.utils import logging
from typer.testing import CliRunner

from clem_icd.cli import app
from clem_icd.corpus import Corpus
from clem_icd.modeling import save_model
from support import LITTLE_SETTINGS, info_of, new_system

# In every malformed note of these tests; no output may hold it.
CANARY = "SECRETPATIENT"

Invoke = Callable[..., "Outcome"]
Refused = Callable[..., str]


@dataclass(frozen=True)
class Outcome:
    """The exit code and output of a command."""

    code: int
    out: str
    err: str
    traceback: str

    @property
    def json(self) -> Any:
        """The one JSON object on standard output."""
        [line] = self.out.splitlines()
        value = json.loads(line)
        assert isinstance(value, dict)
        return value


@dataclass(frozen=True)
class World:
    """The folders of a journey, and what each verb printed."""

    root: Path
    outcomes: dict[str, Outcome]
    markers: tuple[str, ...]

    @property
    def raw(self) -> Path:
        return self.root / "raw"

    @property
    def discharge(self) -> Path:
        return self.raw / "physionet.org/files/mimic-iv-note/2.2/note/discharge.csv.gz"

    @property
    def corpus(self) -> Path:
        return self.root / "corpus"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def model(self) -> Path:
        return self.run / "model"

    @property
    def scores(self) -> Path:
        return self.root / "scores.parquet"

    def evaluate(self, *options: object) -> list[object]:
        """Arguments of an evaluation that succeeds as long as its files are intact."""
        out = self.root / "new.json"
        judged = options or ("--threshold", 0.5)
        return ["evaluate", "--corpus", self.corpus, "--scores", self.scores, "--out", out, *judged]

    def prepare(self, *options: object) -> list[object]:
        """Arguments of a preparation that succeeds as long as its files are intact."""
        return ["prepare", "mimic4-icd10", "--raw", self.raw, "--out", self.root / "new", *options]

    def predict(self) -> list[object]:
        """Arguments of a prediction that succeeds as long as its files are intact."""
        return ["predict", self.model, "--corpus", self.corpus, "--out", self.root / "new.parquet"]


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Every path below a folder, with its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def invoke(*arguments: object, stdin: bytes | str | None = None) -> Outcome:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    # An exit code is what a refusal ends with; anything else is an error that --debug lets through.
    error = None if isinstance(result.exception, SystemExit) else result.exception
    shown = "".join(traceback.format_exception(error)) if error else ""
    return Outcome(result.exit_code, result.stdout, click.unstyle(result.stderr), shown)


@pytest.fixture(scope="session")
def clem() -> Invoke:
    """Run a command as a user would type it, in this process."""
    return invoke


@pytest.fixture(scope="session")
def untrained(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model of the little corpus with random weights; no test changes it."""
    folder = tmp_path_factory.mktemp("untrained") / "model"
    save_model(new_system(little_corpus), info_of(little_corpus), folder)
    return folder


@pytest.fixture(scope="session", autouse=True)
def quiet_transformers() -> None:
    """Turn off its bars and warnings, as the command does before it imports transformers."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Run a command that must be refused in one clear line, with nothing changed on the disk."""

    def run(*arguments: object, says: Sequence[str], stdin: bytes | str | None = None) -> str:
        before = snapshot(tmp_path)
        found = invoke(*arguments, stdin=stdin)
        assert (found.code, found.out) == (2, ""), found.err
        [line] = found.err.splitlines()
        assert line.startswith("clem: ")
        assert [fragment for fragment in says if fragment not in line] == [], line
        debugged = invoke(*arguments, "--debug", stdin=stdin)
        assert "clem_icd.errors." in debugged.traceback
        for text in (line, debugged.out, debugged.err, debugged.traceback):
            assert CANARY not in text
        assert snapshot(tmp_path) == before
        return line

    return run


def mark_notes(discharge: Path) -> tuple[str, ...]:
    """Add a unique marker to every note of a MIMIC-IV file."""
    with gzip.open(discharge, "rt", encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    random_ = random.Random(0)
    markers = tuple("".join(random_.choices(string.ascii_lowercase, k=20)) for _ in rows)
    with gzip.open(discharge, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(
            [*row[:-1], f"{row[-1]}\n{marker}"] for row, marker in zip(rows, markers, strict=True)
        )
    return markers


@pytest.fixture(scope="session")
def journey(tmp_path_factory: pytest.TempPathFactory) -> World:
    """From a synthetic hospital to the report of a run, verb by verb, each with ``--json``."""
    outcomes: dict[str, Outcome] = {}
    world = World(tmp_path_factory.mktemp("journey"), outcomes, ())

    def step(name: str, *arguments: object) -> None:
        outcomes[name] = invoke(*arguments, "--json", "--quiet")
        assert outcomes[name].code == 0, (name, outcomes[name])

    size = ("--admissions", 120, "--seed", 1, "--words", 60)
    step("synthesize", "synthesize", "--layout", "mimic4", *size, "--out", world.raw)
    markers = mark_notes(world.discharge)
    step("prepare", "prepare", "mimic4-icd10", "--raw", world.raw, "--out", world.corpus, "--min-count", 5)
    step("describe", "describe", world.corpus)
    step("train", "train", "clem-icd-small", "--corpus", world.corpus, "--out", world.run, *LITTLE_SETTINGS)
    step("predict", *world.predict()[:-1], world.scores)
    step("evaluate", *world.evaluate("--model", world.model))
    (world.root / "new.json").rename(world.root / "metrics.json")
    step("report", "report", world.run)
    return World(world.root, outcomes, markers)


@pytest.fixture
def world(journey: World, tmp_path: Path) -> World:
    """A copy of what the journey made, to be damaged."""
    root = tmp_path / "world"
    shutil.copytree(journey.root, root)
    return World(root, journey.outcomes, journey.markers)
