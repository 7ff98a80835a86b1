"""Checkpoints that are known to be whole, and which of them to keep.

The Trainer writes a checkpoint file by file. A process that is killed meanwhile leaves a folder
that looks like a checkpoint. So a mark is added once everything is on the disk, nothing is deleted
before that, and a folder without the mark is not resumed from.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from clem_icd.files import sync_tree, write_json

_MARK = "complete.json"
_PREFIX = "checkpoint-"


class MarkCheckpoints(TrainerCallback):
    """Marks every checkpoint once it is whole, then deletes all but the last and the best."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Mark the checkpoint that was just written."""
        if not state.is_world_process_zero:
            return
        written = checkpoint_at(self._folder, state.global_step)
        sync_tree(written)
        write_json(written / _MARK, {"step": state.global_step})
        _keep(self._folder, {state.global_step, state.best_global_step})


def checkpoint_at(folder: Path, step: int) -> Path:
    """Return where the checkpoint of an optimiser step lies."""
    return folder / f"{_PREFIX}{step}"


def last_checkpoint(folder: Path) -> tuple[Path, TrainerState] | None:
    """Return the last whole checkpoint and its state, or None; remove those that are not whole."""
    whole = []
    for path in folder.glob(f"{_PREFIX}*"):
        if (path / _MARK).is_file():
            whole.append(path)
        else:
            shutil.rmtree(path)
    if not whole:
        return None
    last = max(whole, key=_step)
    return last, TrainerState.load_from_json(str(last / "trainer_state.json"))


def _keep(folder: Path, steps: set[int | None]) -> None:
    for path in folder.glob(f"{_PREFIX}*"):
        if _step(path) not in steps:
            # Unmarked first, so that a half-deleted folder is never taken for a checkpoint.
            (path / _MARK).unlink(missing_ok=True)
            shutil.rmtree(path, ignore_errors=True)


def _step(path: Path) -> int:
    return int(path.name.removeprefix(_PREFIX))
