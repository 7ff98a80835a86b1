"""What makes the Trainer resumable: marks on complete checkpoints, and points at which a test can end it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from clem_icd.runs.checkpoints import keep_only, mark_complete
from clem_icd.runs.points import Point, passing


class MarkCheckpoints(TrainerCallback):
    """Marks every checkpoint once it is complete, then deletes all but the last and the best."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Mark the checkpoint that was just written."""
        if state.is_world_process_zero:
            mark_complete(self._folder, state.global_step)
            keep_only(self._folder, {state.global_step, state.best_global_step})


class PassingTrainer(Trainer):
    """The Trainer, which passes the points of a run that are inside its loop and its checkpoints."""

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Pass a point, then learn from a batch, accumulated ones included."""
        passing(Point.TRAINING_STEP)
        return super().training_step(*args, **kwargs)

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Write the model, then pass a point: the optimizer of the checkpoint is not written yet."""
        super().save_model(output_dir, _internal_call)
        passing(Point.OPTIMIZER_SAVING)
