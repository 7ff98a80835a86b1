"""Stopping the Trainer on SIGTERM with a checkpoint, so that the resumed run ends like an uninterrupted one.

A scheduler may leave a process half a minute before it kills it, and an evaluation takes longer. So it is
put off, or broken off: the checkpoint says that it is due, and the resumed run makes up for it first.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import SaveStrategy, TrainOutput

from clem_icd.errors import RunError
from clem_icd.files import read_json, write_json
from clem_icd.runs.checkpoints import Checkpoint, checkpoint_at, is_complete
from clem_icd.runs.points import Point, passing
from clem_icd.runs.stopping import stop, stop_asked, stopping_by_itself
from clem_icd.training import team

_UNLOGGED = "unlogged.json"


class _EvaluationPutOffError(Exception):
    """An evaluation is left to the resumed run."""


class _AlreadyOverError(Exception):
    """After the evaluation that it made up for, a resumed run has nothing to train."""


class StoppableTrainer(Trainer):
    """A Trainer that ends with a checkpoint after the optimizer step during which SIGTERM arrived."""

    def __init__(self, **others: Any) -> None:
        super().__init__(**others)
        self.add_callback(_OnResuming(self))

    def train(self, *args: Any, **kwargs: Any) -> TrainOutput:
        """Train.

        Raises
        ------
        Stopped
            If SIGTERM arrived. The last checkpoint is that of the step that was finished.

        """
        with stopping_by_itself():
            try:
                return super().train(*args, **kwargs)
            except _AlreadyOverError:
                return TrainOutput(self.state.global_step, 0.0, {})

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Evaluate, without drawing from the random generator of training: it may be done before or after."""
        with torch.random.fork_rng(devices=[]):
            metrics: dict[str, float] = super().evaluate(*args, **kwargs)
            return metrics

    def prediction_step(self, *args: Any, **kwargs: Any) -> Any:
        """Evaluate a batch, unless training is to stop."""
        passing(Point.EVALUATION_STEP)
        if team.any_process(stop_asked()):
            raise _EvaluationPutOffError
        return super().prediction_step(*args, **kwargs)

    def unlogged(self) -> dict[str, Any]:
        """Return what was added up since the last entry of the log, as JSON."""
        losses = [as_text(loss) for loss in team.from_all(self._tr_loss)]
        return {"loss": losses[0] if len(losses) == 1 else losses, "step": self._globalstep_last_logged}

    def restore_unlogged(self, stored: dict[str, Any]) -> None:
        """Continue with the result of `unlogged`."""
        given = stored["loss"]
        losses = [float.fromhex(loss) for loss in ([given] if isinstance(given, str) else given)]
        # The log has the mean over all processes.
        own = losses[team.rank()] if len(losses) == team.size() else sum(losses) / len(losses)
        self._tr_loss.fill_(own)
        self._globalstep_last_logged = stored["step"]

    def resume_from(self, checkpoint: Path) -> None:
        """Restore what the Trainer itself does not, and make up for an evaluation that was put off."""
        file = checkpoint / _UNLOGGED
        # A checkpoint of an earlier release has no such file.
        if file.is_file():
            self.restore_unlogged(read_json(file, RunError))
        if Checkpoint.read(checkpoint).evaluation_due:
            self._make_up_evaluation()

    def _make_up_evaluation(self) -> None:
        try:
            metrics = self._evaluate(None, None)
        except _EvaluationPutOffError:
            stop(self.state.global_step)
        self._determine_best_metric(metrics, None)
        if self.control.should_training_stop:
            raise _AlreadyOverError

    def _maybe_log_save_evaluate(self, *args: Any, **kwargs: Any) -> None:
        """Log, evaluate and save what is due after a step or an epoch; then stop, if asked to."""
        save_due = self.control.should_save
        with suppress(_EvaluationPutOffError):
            super()._maybe_log_save_evaluate(*args, **kwargs)
        if team.any_process(stop_asked()) and (save_due or not self._epoch_end_follows()):
            self._save_and_stop()

    def _epoch_end_follows(self) -> bool:
        """Whether this is the last step of an epoch, and the checkpoint is only due when the epoch ends."""
        return self.args.save_strategy == SaveStrategy.EPOCH and float(self.state.epoch or 0).is_integer()

    def _save_and_stop(self) -> None:
        step = self.state.global_step
        # The leader marks it, and the others may be too early to see that.
        if not team.any_process(is_complete(checkpoint_at(Path(self.args.output_dir or ""), step))):
            self._save_checkpoint(self.model, None)
            self.control = self.callback_handler.on_save(self.args, self.state, self.control)
        stop(step)

    def _save_checkpoint(self, *args: Any, **kwargs: Any) -> None:
        super()._save_checkpoint(*args, **kwargs)
        unlogged = self.unlogged()
        if self.args.should_save:
            folder = checkpoint_at(Path(self.args.output_dir or ""), self.state.global_step)
            write_json(folder / _UNLOGGED, unlogged)
        # Each process has written its random state, before the checkpoint is marked as complete.
        team.wait_for_all()


class _OnResuming(TrainerCallback):
    def __init__(self, trainer: StoppableTrainer) -> None:
        self._trainer = trainer

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Prepare a resumed run; a new one has done no step yet."""
        if state.global_step:
            self._trainer.resume_from(checkpoint_at(Path(args.output_dir or ""), state.global_step))


def as_text(number: torch.Tensor) -> str:
    """Return a number so that it is read back exactly, also if it is infinite or NaN."""
    return float(number.item()).hex()
