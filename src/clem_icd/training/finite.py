"""Training ends with an error where a number is NaN or infinite.

From such a number on, every step is wasted: its gradient makes all weights NaN. It is noticed before the
weights change and before a checkpoint is written, so no run resumes from such a state.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from clem_icd.errors import ModelError, RunError
from clem_icd.modeling.damage import RESUME_EARLIER
from clem_icd.runs.checkpoints import checkpoint_at, last_marked_step
from clem_icd.runs.processes import LeaderFailedError
from clem_icd.training import team


def require_finite(what: str, found: torch.Tensor, args: TrainingArguments, step: int) -> None:
    """Refuse numbers that are NaN or infinite, in whichever process.

    Parameters
    ----------
    what
        What they are, for the error.
    found
        The numbers, of any shape.
    args
        The arguments of the Trainer.
    step
        The optimizer step, from 1.

    Raises
    ------
    RunError
        If any of them is NaN or infinite.

    """
    if team.size() > 1:
        # A maximum is NaN if any number is.
        found = team.from_all(found.abs().max())
    if torch.isfinite(found).all():
        return
    if not team.leads():
        raise LeaderFailedError
    folder = Path(args.output_dir or "")
    kept = last_marked_step(folder)
    changes = ["a lower training.learning_rate", "a longer warm-up"]
    if args.bf16:
        changes.append("training.precision=fp32")
    raise RunError(
        f"training has diverged: {what} {_kind(found)} at step {step:,}"
        + ("" if kept is None else f"; the checkpoint of step {kept:,} is kept"),
        path=folder.parent,
        remedy=f"Train {'again' if kept is None else 'into another folder'} with {' or '.join(changes)}",
    )


class FiniteWeights(TrainerCallback):
    """Refuses to start or to resume from weights that are NaN or infinite."""

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Check all weights of the model.

        Raises
        ------
        ModelError
            If any of them is NaN or infinite.

        """
        model: torch.nn.Module = kwargs["model"]
        for name, weights in model.named_parameters():
            if not torch.isfinite(weights).all():
                found = f"has weights that are NaN or infinite: {name}"
                if state.global_step:
                    checkpoint = checkpoint_at(Path(args.output_dir or ""), state.global_step)
                    raise ModelError(found, path=checkpoint, remedy=RESUME_EARLIER)
                raise ModelError(f"the model to train {found}", remedy="Train from another encoder")


def _kind(found: torch.Tensor) -> str:
    return "is NaN" if torch.isnan(found).any() else "is infinite"
