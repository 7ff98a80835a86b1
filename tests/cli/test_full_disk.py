"""A disk that fills up while writing: one line, exit code 2, nothing half-written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.runs import points
from clem_icd.runs.points import Point
from clem_icd.training import read_recipe, train
from support import LITTLE_SETTINGS

Fill = Callable[[int], None]

# Checkpoints are due after 10 and 20 steps.
TRAINING = [*LITTLE_SETTINGS, "training.epochs=2"]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux may mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    yield place
    # Lazily: an error in flight may still hold a file that is deleted already.
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture
def fill(disk: Path) -> Fill:
    """A function that fills the disk up to a few kilobytes."""

    def leave(kilobytes: int) -> None:
        with (disk / "filler").open("wb", buffering=0) as file:
            free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
            assert file.write(bytes(free - 1024 * kilobytes)) == free - 1024 * kilobytes

    return leave


def assert_full(found: Any, disk: Path) -> None:
    assert (found.code, found.out) == (2, "")
    [line] = found.err.splitlines()
    assert line.startswith(f"clem: {disk}")
    assert line.endswith("the disk is full. Free some space, then run it again.")
    assert [path.name for path in disk.iterdir()] == ["filler"]


@pytest.mark.parametrize("kilobytes", [0, 32])
def test_a_full_disk_stops_synthesis_cleanly(
    disk: Path, fill: Fill, clem: Callable[..., Any], kilobytes: int
) -> None:
    fill(kilobytes)
    size = ("--admissions", 200, "--words", 200)
    assert_full(clem("synthesize", *size, "--out", disk / "raw"), disk)


@pytest.mark.parametrize("kilobytes", [0, 16, 32])
def test_a_full_disk_stops_preparation_cleanly(
    journey: Any, disk: Path, fill: Fill, clem: Callable[..., Any], kilobytes: int
) -> None:
    fill(kilobytes)
    prepare = ("prepare", "mimic4-icd10", "--raw", journey.raw, "--out", disk / "corpus")
    assert_full(clem(*prepare, "--min-count", 5), disk)


def test_a_full_disk_stops_prediction_cleanly(
    journey: Any, disk: Path, fill: Fill, clem: Callable[..., Any]
) -> None:
    fill(0)
    predict = ("predict", journey.model, "--corpus", journey.corpus)
    assert_full(clem(*predict, "--out", disk / "scores.parquet"), disk)


def test_a_full_disk_stops_evaluation_cleanly(
    world: Any, disk: Path, fill: Fill, clem: Callable[..., Any]
) -> None:
    fill(0)
    evaluate = world.evaluate()
    evaluate[evaluate.index("--out") + 1] = disk / "metrics.json"
    assert_full(clem(*evaluate), disk)


@pytest.fixture(scope="module")
def without_report() -> Iterator[None]:
    """Skip the report of a run, which takes longer to draw than a little model takes to train."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(sys.modules, "matplotlib", None)
        yield


@pytest.fixture(scope="module")
def whole(without_report: None, little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on a disk with enough space."""
    recipe = read_recipe("clem-icd-small", TRAINING)
    return train(recipe, little_corpus, tmp_path_factory.mktemp("whole") / "run")


@pytest.mark.parametrize("point", [Point.OPTIMIZER_SAVING, Point.CHECKPOINT_MARKING])
def test_a_disk_that_fills_while_training_loses_no_checkpoint(
    disk: Path,
    fill: Fill,
    clem: Callable[..., Any],
    little_corpus: Corpus,
    without_report: None,
    whole: Path,
    monkeypatch: pytest.MonkeyPatch,
    point: Point,
) -> None:
    run = disk / "run"
    command = ("train", "clem-icd-small", *TRAINING, "--corpus", little_corpus.path, "-q", "--out", run)

    def fill_up(passed: Point) -> None:
        if passed == point and (run / "checkpoints" / "checkpoint-10" / "complete.json").exists():
            fill(0)

    with monkeypatch.context() as filling:
        filling.setattr(points, "subscribers", [fill_up])
        found = clem(*command)
    assert (found.code, found.out) == (2, "")
    [line] = found.err.splitlines()
    assert line.startswith(f"clem: {run}")
    assert line.endswith("the disk is full. Free some space, then resume with --resume.")
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["checkpoint-10"]
    assert list(disk.rglob(".partial-*")) == []

    (disk / "filler").unlink()
    assert clem(*command, "--resume").code == 0
    for name in ("metrics.json", "model/model.safetensors", "scores/test.parquet"):
        assert (run / name).read_bytes() == (whole / name).read_bytes(), name
