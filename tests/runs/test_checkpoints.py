from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clem_icd.runs.checkpoints import (
    Checkpoint,
    delete_incomplete,
    has_checkpoint,
    keep_recoverable,
    last_checkpoint,
    mark_complete,
)


def write(folder: Path, step: int, *, best: int | None = None, marked: bool = True, **state: Any) -> Path:
    """Write a checkpoint of an invented training."""
    checkpoint = folder / f"checkpoint-{step}"
    checkpoint.mkdir(parents=True)
    stored: dict[str, Any] = {
        "global_step": step,
        "max_steps": 100,
        "best_global_step": best,
        "log_history": [{"step": step, "loss": 0.5}],
        "stateful_callbacks": {"EarlyStoppingCallback": {"attributes": {}}},
    }
    (checkpoint / "trainer_state.json").write_text(json.dumps(stored | state))
    for name in ("model.safetensors", "optimizer.pt", "rng_state.pth"):
        (checkpoint / name).write_bytes(f"{name} {step} ".encode() * 50)
    if marked:
        mark_complete(folder, step, best)
    return checkpoint


def steps(folder: Path) -> set[int]:
    return {int(path.name.removeprefix("checkpoint-")) for path in folder.glob("checkpoint-*")}


def last(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    """Return the last checkpoint, and what was said."""
    said: list[str] = []
    return last_checkpoint(folder, said.append), said


def test_an_unmarked_checkpoint_is_deleted_and_not_resumed_from(tmp_path: Path) -> None:
    write(tmp_path, 5)
    write(tmp_path, 10, marked=False)
    found, said = last(tmp_path)
    assert found is not None
    assert (found.path.name, found.step, said) == ("checkpoint-5", 5, [])
    assert steps(tmp_path) == {5}


def test_all_files_of_a_checkpoint_obey_the_umask(tmp_path: Path) -> None:
    checkpoint = write(tmp_path, 5, marked=False)
    (checkpoint / "model.safetensors").chmod(0o600)  # as safetensors leaves it
    mark_complete(tmp_path, 5)
    assert len({path.stat().st_mode for path in checkpoint.iterdir()}) == 1


def test_without_a_complete_checkpoint_there_is_none(tmp_path: Path) -> None:
    assert not has_checkpoint(tmp_path)
    write(tmp_path, 5, marked=False)
    assert not has_checkpoint(tmp_path)
    assert last(tmp_path) == (None, [])


def test_only_incomplete_checkpoints_are_deleted_after_a_failure(tmp_path: Path) -> None:
    write(tmp_path, 5)
    write(tmp_path, 10, marked=False)
    delete_incomplete(tmp_path)
    assert steps(tmp_path) == {5}
    assert has_checkpoint(tmp_path)


def test_the_last_checkpoint_has_the_highest_step(tmp_path: Path) -> None:
    for step in (9, 10):
        write(tmp_path, step)
    found, _ = last(tmp_path)
    assert found is not None
    assert found.path.name == "checkpoint-10"


def test_the_state_of_a_checkpoint_is_read(tmp_path: Path) -> None:
    write(tmp_path, 9, best=9)
    found, _ = last(tmp_path)
    assert found is not None
    assert (found.step, found.max_steps, found.best_step) == (9, 100, 9)
    assert found.history == [{"step": 9, "loss": 0.5}]
    assert found.callbacks == {"EarlyStoppingCallback": {"attributes": {}}}
    assert not found.evaluation_due


def test_an_evaluation_that_was_put_off_is_known(tmp_path: Path) -> None:
    control = {"TrainerControl": {"args": {"should_evaluate": True}}}
    assert Checkpoint.read(write(tmp_path, 9, stateful_callbacks=control)).evaluation_due


@pytest.mark.parametrize(
    ("name", "damage", "flaw"),
    [
        ("model.safetensors", lambda data: data[:-9], "model.safetensors has 1,041 bytes, expected 1,050"),
        ("model.safetensors", lambda data: data[:-9] + bytes(9), "model.safetensors has changed since"),
        ("optimizer.pt", lambda _: b"", "optimizer.pt has 0 bytes, expected 800"),
        ("trainer_state.json", lambda data: b"[" + data[1:], "trainer_state.json has changed since"),
        ("rng_state.pth", None, "rng_state.pth is missing"),
        ("trainer_state.json", None, "trainer_state.json is missing"),
        ("complete.json", lambda _: b"", "complete.json: is not readable as json"),
    ],
)
def test_the_checkpoint_before_a_damaged_one_is_used_and_it_is_said(
    tmp_path: Path, name: str, damage: Any, flaw: str
) -> None:
    write(tmp_path, 7)
    file = write(tmp_path, 14) / name
    if damage is None:
        file.unlink()
    else:
        file.write_bytes(damage(file.read_bytes()))
    found, said = last(tmp_path)
    assert found is not None
    assert found.step == 7
    [line] = said
    assert line.startswith(f"Warning: the checkpoint of step 14 is damaged ({flaw}")
    assert line.endswith("); using that of step 7")
    assert steps(tmp_path) == {7}


def test_training_starts_again_if_no_checkpoint_is_left(tmp_path: Path) -> None:
    for step in (7, 14):
        (write(tmp_path, step) / "optimizer.pt").write_bytes(b"")
    found, said = last(tmp_path)
    assert found is None
    assert len(said) == 2
    assert all(line.endswith("; no other is left, so training starts again") for line in said)
    assert steps(tmp_path) == set()


def test_a_checkpoint_is_not_used_without_the_best_before_it(tmp_path: Path) -> None:
    """At the end, the run would find out that the weights it should keep are gone."""
    write(tmp_path, 7, best=7)
    (write(tmp_path, 14, best=14) / "model.safetensors").write_bytes(b"")
    write(tmp_path, 21, best=14)
    found, said = last(tmp_path)
    assert found is not None
    assert found.step == 7
    assert len(said) == 1
    assert steps(tmp_path) == {7}


def test_a_checkpoint_of_an_earlier_release_has_no_fingerprints_and_is_used(tmp_path: Path) -> None:
    (write(tmp_path, 7) / "complete.json").write_text('{"step": 7}')
    found, said = last(tmp_path)
    assert found is not None
    assert (found.step, said) == (7, [])


@pytest.mark.parametrize(
    ("bests", "kept"),
    [
        # The best checkpoint after each of the steps 1, 2, …; the steps kept at the end.
        ([1, 2, 2, 2], {2, 4}),
        ([1, 2, 3, 4], {3, 4}),
        ([1, 1, 3], {1, 3}),
        ([1, 1, 1, 4, 4], {4, 5}),
        ([1], {1}),
        ([None, None, None], {2, 3}),
    ],
)
def test_two_checkpoints_are_kept_of_which_each_can_be_resumed_from(
    tmp_path: Path, bests: list[int | None], kept: set[int]
) -> None:
    for step, best in enumerate(bests, start=1):
        write(tmp_path, step, best=best)
        keep_recoverable(tmp_path, step, best)
    assert steps(tmp_path) == kept
    damaged = max(kept)
    (tmp_path / f"checkpoint-{damaged}" / "optimizer.pt").write_bytes(b"")
    found, _ = last(tmp_path)
    assert (found and found.step) == max(kept - {damaged}, default=None)


def test_what_a_checkpoint_with_a_put_off_evaluation_may_need_is_kept(tmp_path: Path) -> None:
    write(tmp_path, 1, best=1)
    # Its evaluation was made up for when training resumed, and made it the best; its files do not say so.
    write(tmp_path, 2, best=1)
    write(tmp_path, 3, best=2)
    keep_recoverable(tmp_path, 3, 2)
    assert steps(tmp_path) == {1, 2, 3}


def test_checkpoints_with_an_unreadable_mark_do_not_stop_training(tmp_path: Path) -> None:
    (write(tmp_path, 1, best=1) / "complete.json").write_text("")
    write(tmp_path, 2, best=1)
    keep_recoverable(tmp_path, 2, 1)
    assert steps(tmp_path) == {1, 2}
