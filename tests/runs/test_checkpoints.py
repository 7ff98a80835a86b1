from __future__ import annotations

import json
from pathlib import Path

import pytest

from clem_icd.errors import RunError
from clem_icd.runs.checkpoints import keep_only, last_checkpoint, mark_complete


def write(folder: Path, step: int, *, marked: bool = True) -> Path:
    """Write what resuming reads of a checkpoint."""
    checkpoint = folder / f"checkpoint-{step}"
    checkpoint.mkdir(parents=True)
    state = {
        "global_step": step,
        "max_steps": 100,
        "best_global_step": 2,
        "log_history": [{"step": step, "loss": 0.5}],
        "stateful_callbacks": {"EarlyStoppingCallback": {"attributes": {}}},
    }
    (checkpoint / "trainer_state.json").write_text(json.dumps(state))
    if marked:
        mark_complete(folder, step)
    return checkpoint


def steps(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("checkpoint-*")}


def test_an_unmarked_checkpoint_is_deleted_and_not_resumed_from(tmp_path: Path) -> None:
    write(tmp_path, 5)
    write(tmp_path, 10, marked=False)
    found = last_checkpoint(tmp_path)
    assert found is not None
    assert (found.path.name, found.step) == ("checkpoint-5", 5)
    assert steps(tmp_path) == {"checkpoint-5"}


def test_without_a_complete_checkpoint_there_is_none(tmp_path: Path) -> None:
    write(tmp_path, 5, marked=False)
    assert last_checkpoint(tmp_path) is None


def test_the_last_checkpoint_has_the_highest_step(tmp_path: Path) -> None:
    for step in (9, 10):
        write(tmp_path, step)
    found = last_checkpoint(tmp_path)
    assert found is not None
    assert found.path.name == "checkpoint-10"


def test_the_state_of_a_checkpoint_is_read(tmp_path: Path) -> None:
    write(tmp_path, 9)
    found = last_checkpoint(tmp_path)
    assert found is not None
    assert (found.step, found.max_steps, found.best_step) == (9, 100, 2)
    assert found.history == [{"step": 9, "loss": 0.5}]
    assert found.callbacks == {"EarlyStoppingCallback": {"attributes": {}}}


def test_a_checkpoint_without_a_state_is_named(tmp_path: Path) -> None:
    (write(tmp_path, 9) / "trainer_state.json").unlink()
    with pytest.raises(RunError, match=r"checkpoint-9/trainer_state\.json"):
        last_checkpoint(tmp_path)


def test_all_other_checkpoints_are_deleted(tmp_path: Path) -> None:
    for step in (1, 2, 3, 4):
        write(tmp_path, step)
    keep_only(tmp_path, {4, 2, None})
    assert steps(tmp_path) == {"checkpoint-2", "checkpoint-4"}
    assert json.loads((tmp_path / "checkpoint-4" / "complete.json").read_text()) == {"step": 4}
