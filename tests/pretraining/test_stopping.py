"""SIGTERM during pretraining saves a checkpoint, and the resumed run ends like an uninterrupted one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clem_icd.corpus import Corpus
from clem_icd.pretraining import Sources, pretrain, read_pretraining
from clem_icd.pretraining.trainer import reproducible_history
from clem_icd.runs.points import Point
from clem_icd.runs.stopping import Stopped, stopping_on_sigterm
from fixtures.stopping import sigterm_at
from pretraining_support import TINY_PRETRAINING

# 12 steps, with checkpoints and log entries after 5, 10 and 12; the loss has two parts.
SETTINGS = [
    *TINY_PRETRAINING,
    "training.tokens=6000",
    "training.checkpoint_steps=5",
    "codes.notes=3",
    "codes.note_tokens=48",
]

Pretrain = Callable[[Path], Path]


@pytest.fixture(scope="module")
def resume(notes_file: Path, little_corpus: Corpus) -> Pretrain:
    sources = Sources([str(notes_file)], [little_corpus.path])
    return lambda run: pretrain(read_pretraining(SETTINGS), sources, run, resume=True)


@pytest.fixture(scope="module")
def whole(resume: Pretrain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return resume(tmp_path_factory.mktemp("whole") / "run").parent


def history(run: Path) -> list[dict[str, Any]]:
    return reproducible_history(json.loads((run / "history.json").read_text()))


@pytest.mark.parametrize(
    ("point", "count", "step"),
    [(Point.TRAINING_STEP, 6, 7), (Point.EVALUATION_STEP, 0, 5), (Point.TRAINING_STEP, 11, 12)],
)
def test_the_step_is_finished_and_the_resumed_run_ends_like_an_uninterrupted_one(
    resume: Pretrain, whole: Path, tmp_path: Path, point: Point, count: int, step: int
) -> None:
    run = tmp_path / "run"
    with sigterm_at(point, count), pytest.raises(Stopped) as caught, stopping_on_sigterm():
        resume(run)
    assert caught.value.step == step
    assert (run / "checkpoints" / f"checkpoint-{step}" / "complete.json").is_file()
    resume(run)
    weights = "encoder/model.safetensors"
    assert (run / weights).read_bytes() == (whole / weights).read_bytes()
    assert {"masks_loss", "codes_loss"} <= history(whole)[0].keys()
    assert history(run) == history(whole)


def test_while_texts_are_read_it_ends_at_once_and_leaves_nothing(resume: Pretrain, tmp_path: Path) -> None:
    with sigterm_at(Point.TOKENS_CHECK, 0), pytest.raises(Stopped) as caught, stopping_on_sigterm():
        resume(tmp_path / "run")
    assert caught.value.step is None
    assert list(tmp_path.iterdir()) == []
