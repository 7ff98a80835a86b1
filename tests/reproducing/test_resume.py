"""A killed reproduction goes on with the same command, and ends with the same results."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from clem_icd.reproducing import Request, reproduce
from clem_icd.runs.points import Point
from fixtures.killing import ForkServers, UninterruptedRuns
from support import LITTLE_SETTINGS
from training.conftest import Listener

SETTINGS = ["encoder=small", *LITTLE_SETTINGS, "training.epochs=2", "head.dropout=0.1"]

# Drawing a report takes longer than such a run.
WITHOUT_REPORT = ("matplotlib",)

RESULTS = (
    "corpora/mdace-inpatient-icd9-code/corpus.json",
    "corpora/mdace-summaries/corpus.json",
    "runs/plm-ca/metrics.json",
    "runs/plm-ca/model/model.safetensors",
    "evaluations/plm-ca/metrics.json",
    "evaluations/plm-ca-on-mdace-summaries/metrics.json",
    "comparison.json",
    "comparison.md",
)

Command = Callable[[Path, list[str]], list[str]]


@pytest.fixture(scope="module")
def command(hospital_tree: Path) -> Command:
    """Return the arguments of `clem reproduce`: two corpora, and one run that is evaluated on both."""

    def arguments(out: Path, settings: list[str]) -> list[str]:
        places = ["--raw", str(hospital_tree), "--out", str(out)]
        return ["reproduce", "mdace", *places, "--run", "plm-ca", "-q", *settings]

    return arguments


@pytest.fixture(scope="module")
def uninterrupted(
    servers: ForkServers, command: Command, tmp_path_factory: pytest.TempPathFactory
) -> UninterruptedRuns:
    return UninterruptedRuns(servers, command, tmp_path_factory.mktemp("whole"), WITHOUT_REPORT)


@pytest.mark.slow
@pytest.mark.parametrize(
    # The steps are: prepare, prepare, train, evaluate.
    ("point", "count"),
    [
        (Point.REPRODUCTION_STEP, 1),
        (Point.TRAINING_STEP, 20),
    ],
)
def test_a_killed_reproduction_ends_with_the_same_results(
    servers: ForkServers,
    command: Command,
    uninterrupted: UninterruptedRuns,
    tmp_path: Path,
    point: Point,
    count: int,
) -> None:
    whole, out = uninterrupted(SETTINGS), tmp_path / "out"
    servers.kill(command(out, SETTINGS), point, count, hidden=WITHOUT_REPORT)
    # What a process leaves that is killed while it prepares a corpus.
    half = out / "corpora/.partial-123456"
    (half / "notes").mkdir(parents=True)
    servers.complete(command(out, SETTINGS), hidden=WITHOUT_REPORT)
    for name in RESULTS:
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name
    assert not half.exists()


@pytest.mark.usefixtures("without_report")
def test_what_is_finished_is_not_made_again(uninterrupted: UninterruptedRuns, hospital_tree: Path) -> None:
    whole = uninterrupted(SETTINGS)
    made = {name: (whole / name).stat().st_mtime_ns for name in RESULTS[:4]}
    listener = Listener()
    request = Request("mdace", hospital_tree, whole, names=("plm-ca",), settings=tuple(SETTINGS))
    reproduce(request, observer=listener)
    assert {name: (whole / name).stat().st_mtime_ns for name in RESULTS[:4]} == made
    assert sum(line.endswith("is already prepared") for line in listener.lines) == 2
    assert any(line.endswith("is already finished") for line in listener.lines)
    assert "Training" not in listener.tasks


def test_a_second_process_is_refused(
    uninterrupted: UninterruptedRuns, hospital_tree: Path, tmp_path: Path
) -> None:
    from clem_icd.errors import RunError
    from clem_icd.reproducing.folder import ReproductionFolder

    out = tmp_path / "out"
    shutil.copytree(uninterrupted(SETTINGS), out)
    with ReproductionFolder(out).locked(), pytest.raises(RunError, match="another process"):
        reproduce(Request("mdace", hospital_tree, out, names=("plm-ca",), settings=tuple(SETTINGS)))
