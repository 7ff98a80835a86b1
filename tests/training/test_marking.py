"""Checkpoints of the Trainer are marked, and read back without it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from transformers import TrainerControl, TrainerState, TrainingArguments

from clem_icd.progress import Silent
from clem_icd.runs.checkpoints import last_checkpoint
from clem_icd.training.marking import MarkCheckpoints


def write(folder: Path, step: int, *, best: int | None = None) -> TrainerState:
    """Write what the Trainer leaves at a step, without a mark."""
    state = TrainerState(global_step=step, max_steps=100, best_global_step=best, is_world_process_zero=True)
    state.log_history = [{"step": step, "loss": 0.5}]
    callbacks: Any = {"EarlyStoppingCallback": {"attributes": {"patience": 1}}}
    state.stateful_callbacks = callbacks
    (folder / f"checkpoint-{step}").mkdir(parents=True)
    state.save_to_json(str(folder / f"checkpoint-{step}" / "trainer_state.json"))
    return state


def mark(folder: Path, state: TrainerState) -> None:
    MarkCheckpoints(folder).on_save(TrainingArguments(output_dir=str(folder)), state, TrainerControl())


def steps(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("checkpoint-*")}


def test_an_unmarked_checkpoint_is_not_resumed_from(tmp_path: Path) -> None:
    mark(tmp_path, write(tmp_path, 5))
    write(tmp_path, 10)
    found = last_checkpoint(tmp_path, Silent().say)
    assert found is not None
    assert (found.path.name, found.step) == ("checkpoint-5", 5)
    assert steps(tmp_path) == {"checkpoint-5"}


def test_the_last_checkpoint_has_the_highest_step(tmp_path: Path) -> None:
    for step in (9, 10):
        mark(tmp_path, write(tmp_path, step, best=9))
    found = last_checkpoint(tmp_path, Silent().say)
    assert found is not None
    assert found.path.name == "checkpoint-10"


def test_the_best_and_the_last_are_kept(tmp_path: Path) -> None:
    for step in (1, 2, 3, 4):
        mark(tmp_path, write(tmp_path, step, best=min(step, 2)))
    assert steps(tmp_path) == {"checkpoint-2", "checkpoint-4"}
    found = json.loads((tmp_path / "checkpoint-4" / "complete.json").read_text())
    assert (found["step"], found["best_step"], list(found["files"])) == (4, 2, ["trainer_state.json"])


def test_the_state_that_the_trainer_wrote_is_read(tmp_path: Path) -> None:
    mark(tmp_path, write(tmp_path, 4, best=4))
    state = write(tmp_path, 7, best=4)
    mark(tmp_path, state)
    found = last_checkpoint(tmp_path, Silent().say)
    assert found is not None
    assert (found.step, found.max_steps, found.best_step) == (7, 100, 4)
    assert found.history == state.log_history
    assert found.callbacks == {"EarlyStoppingCallback": {"attributes": {"patience": 1}}}


def test_only_the_first_process_marks_checkpoints(tmp_path: Path) -> None:
    state = write(tmp_path, 7)
    state.is_world_process_zero = False
    mark(tmp_path, state)
    assert last_checkpoint(tmp_path, Silent().say) is None
