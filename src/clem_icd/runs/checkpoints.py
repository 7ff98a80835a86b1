"""Checkpoints on disk: which are complete, which is the last, and which to keep.

The Trainer writes a checkpoint file by file. A process that is killed in between leaves a folder
that looks like a checkpoint. So a mark is added once everything is on the disk, nothing is deleted
before that, and a folder without the mark is not resumed from.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clem_icd.errors import RunError
from clem_icd.files import read_json, sync_tree, write_json
from clem_icd.runs.points import Point, passing

_MARK = "complete.json"
_PREFIX = "checkpoint-"
_STATE = "trainer_state.json"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A complete checkpoint, and the state that the Trainer stored in it.

    Attributes
    ----------
    step, max_steps
        Optimizer steps done, and planned in total.
    best_step
        The step of the best checkpoint so far; None if none is selected.
    history
        The rows that the Trainer logged until then.
    callbacks
        The stored state of each callback, by class name.

    """

    path: Path
    step: int
    max_steps: int
    best_step: int | None
    history: list[dict[str, Any]]
    callbacks: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """Read the state of a checkpoint folder.

        Raises
        ------
        RunError
            If the state cannot be read.

        """
        state = read_json(path / _STATE, RunError)
        return cls(
            path=path,
            step=state["global_step"],
            max_steps=state["max_steps"],
            best_step=state["best_global_step"],
            history=state["log_history"],
            callbacks=state["stateful_callbacks"],
        )


def checkpoint_at(folder: Path, step: int) -> Path:
    """Return the path of the checkpoint of an optimizer step."""
    return folder / f"{_PREFIX}{step}"


def mark_complete(folder: Path, step: int) -> None:
    """Flush a checkpoint to the disk, then mark it as complete."""
    checkpoint = checkpoint_at(folder, step)
    sync_tree(checkpoint)
    passing(Point.CHECKPOINT_MARKING)
    write_json(checkpoint / _MARK, {"step": step})


def keep_only(folder: Path, steps: Collection[int | None]) -> None:
    """Delete all checkpoints but those of the given steps."""
    passing(Point.CHECKPOINT_ROTATION)
    for path in _checkpoints(folder):
        if _step(path) not in steps:
            # Unmarked first, so that a half-deleted folder is never taken for a checkpoint.
            (path / _MARK).unlink(missing_ok=True)
            shutil.rmtree(path, ignore_errors=True)


def last_checkpoint(folder: Path) -> Checkpoint | None:
    """Return the last complete checkpoint, or None; delete incomplete ones."""
    complete = []
    for path in _checkpoints(folder):
        if (path / _MARK).is_file():
            complete.append(path)
        else:
            shutil.rmtree(path)
    return Checkpoint.read(max(complete, key=_step)) if complete else None


def _checkpoints(folder: Path) -> list[Path]:
    return list(folder.glob(f"{_PREFIX}*"))


def _step(path: Path) -> int:
    return int(path.name.removeprefix(_PREFIX))
