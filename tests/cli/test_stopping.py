"""SIGTERM ends training with one line and an exit code of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from clem_icd.corpus import Corpus
from clem_icd.runs.points import Point
from fixtures.stopping import sigterm_at
from support import LITTLE_SETTINGS

RESUME = "Resume the run with the same command and --resume."


def test_training_ends_with_143_and_the_step(
    clem: Callable[..., Any], little_corpus: Corpus, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    command = ("train", "clem-icd-small", *LITTLE_SETTINGS, "--corpus", little_corpus.path, "--out", run)
    with sigterm_at(Point.TRAINING_STEP, 4):
        found = clem(*command, "--json", "-q")
    assert (found.code, found.out) == (143, "")
    assert found.err == f"clem: stopped by SIGTERM at step 5. {RESUME}\n"
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["checkpoint-5"]
    with sigterm_at(Point.SCORES_WRITING, 0):
        found = clem(*command, "--json", "-q", "--resume")
    assert (found.code, found.out) == (143, "")
    assert found.err == f"clem: stopped by SIGTERM. {RESUME}\n"


def test_the_linear_baseline_ends_with_143_and_leaves_nothing(
    clem: Callable[..., Any], little_corpus: Corpus, tmp_path: Path
) -> None:
    with sigterm_at(Point.TRAINING_START, 0):
        found = clem("train", "linear", "--corpus", little_corpus.path, "--out", tmp_path / "run")
    assert (found.code, found.err) == (143, f"clem: stopped by SIGTERM. {RESUME}\n")
    assert list(tmp_path.iterdir()) == []
