from __future__ import annotations

import json
from pathlib import Path

from transformers import TrainerControl, TrainerState, TrainingArguments

from clem_icd.runs.checkpoints import MarkCheckpoints, last_checkpoint


def write(folder: Path, step: int) -> TrainerState:
    """Write what the Trainer leaves at a step, without a mark."""
    state = TrainerState(global_step=step, max_steps=100, is_world_process_zero=True)
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
    found = last_checkpoint(tmp_path)
    assert found is not None
    assert (found[0].name, found[1].global_step) == ("checkpoint-5", 5)
    assert steps(tmp_path) == {"checkpoint-5"}


def test_no_whole_checkpoint_is_none(tmp_path: Path) -> None:
    write(tmp_path, 5)
    assert last_checkpoint(tmp_path) is None


def test_the_last_is_that_of_the_highest_step(tmp_path: Path) -> None:
    state = write(tmp_path, 9)
    state.best_global_step = 9
    mark(tmp_path, state)
    state = write(tmp_path, 10)
    state.best_global_step = 9
    mark(tmp_path, state)
    found = last_checkpoint(tmp_path)
    assert found is not None
    assert found[0].name == "checkpoint-10"


def test_the_best_and_the_last_are_kept(tmp_path: Path) -> None:
    for step in (1, 2, 3, 4):
        state = write(tmp_path, step)
        state.best_global_step = min(step, 2)
        mark(tmp_path, state)
    assert steps(tmp_path) == {"checkpoint-2", "checkpoint-4"}
    assert json.loads((tmp_path / "checkpoint-4" / "complete.json").read_text()) == {"step": 4}
