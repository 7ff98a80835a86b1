"""Marks on the checkpoints that are complete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from clem_icd.runs.checkpoints import keep_recoverable, mark_complete


class MarkCheckpoints(TrainerCallback):
    """Marks every checkpoint once it is complete, then deletes those that are no longer needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Mark the checkpoint that was just written."""
        if state.is_world_process_zero:
            mark_complete(self._folder, state.global_step, state.best_global_step)
            keep_recoverable(self._folder, state.global_step, state.best_global_step)
