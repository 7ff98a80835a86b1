"""The Hugging Face Trainer for training and pretraining: exact order, complete checkpoints, one device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate.data_loader import prepare_data_loader
from torch.utils.data import DataLoader, Dataset, Sampler
from transformers import (
    PreTrainedModel,
    PrinterCallback,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from clem_icd.modeling.machine import best_device
from clem_icd.progress import Observer
from clem_icd.runs.checkpoints import Checkpoint
from clem_icd.runs.history import write_history
from clem_icd.runs.points import Point, passing
from clem_icd.training import team
from clem_icd.training.finite import FiniteWeights, require_finite
from clem_icd.training.marking import MarkCheckpoints
from clem_icd.training.shares import Division, SharedNotes, SharesOfBatches, with_weights
from clem_icd.training.stopping import StoppableTrainer


class TrainerBase(StoppableTrainer):
    """A Trainer that reads in a reproducible order, marks complete checkpoints, and stops at a NaN.

    A subclass defines the order in which the training data is read, and how the loss is computed.

    Parameters
    ----------
    division
        How processes divide a step. By default, they share each batch.

    """

    def __init__(
        self,
        *,
        model: PreTrainedModel,
        args: TrainingArguments,
        train_dataset: Dataset[Any],
        eval_dataset: Dataset[Any],
        callbacks: Sequence[TrainerCallback],
        division: Division | None = None,
        **others: Any,
    ) -> None:
        # With several GPUs, the Trainer would silently multiply the recipe's batch size.
        if args.n_gpu > 1:
            args._n_gpu = 1
        super().__init__(
            model=model,
            args=args,
            train_dataset=train_dataset,
            eval_dataset=eval_dataset,
            callbacks=[FiniteWeights(), *callbacks, MarkCheckpoints(Path(args.output_dir or ""))],
            **others,
        )
        self.remove_callback(PrinterCallback)
        # Losses here are means over a batch. From the model's signature, the Trainer would infer that they
        # are already divided by the number of accumulated items, and would not divide them itself.
        self.model_accepts_loss_kwargs = False
        self.division = division or Division(
            args.train_batch_size * team.size(), args.gradient_accumulation_steps, team.size()
        )
        self.fixed_batches: Sequence[list[int]] | None = None
        """Batches to train on, by the index of their items, instead of those in reading order."""

    def reading_order(self, dataset: Any) -> Sampler[int]:
        """Return the order in which the training data is read."""
        raise NotImplementedError

    @property
    def batch_size(self) -> int:
        """Number of items in a batch of a single process, whatever the number of processes."""
        return self.division.batch_size

    def restore(self, checkpoint: Checkpoint) -> None:
        """Load the weights and the history of a checkpoint, without training further."""
        self._load_from_checkpoint(str(checkpoint.path))
        self.state.log_history = checkpoint.history

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Pass a point, then learn from a batch, accumulated ones included."""
        passing(Point.TRAINING_STEP)
        loss = super().training_step(*args, **kwargs)
        require_finite("the training loss", loss, self.args, self.state.global_step + 1)
        return loss

    def prediction_step(self, *args: Any, **kwargs: Any) -> Any:
        """Evaluate a batch."""
        loss, logits, labels = super().prediction_step(*args, **kwargs)
        for what, found in (("a validation logit", logits), ("the validation loss", loss)):
            if isinstance(found, torch.Tensor):
                require_finite(what, found, self.args, self.state.global_step)
        return loss, logits, labels

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Write the model, then pass a point: the optimizer of the checkpoint is not written yet."""
        super().save_model(output_dir, _internal_call)
        passing(Point.OPTIMIZER_SAVING)

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Return the batches of an epoch: those of `fixed_batches`, if there are any.

        With several processes, these are the shares of this one.
        """
        if self.fixed_batches is None:
            return super().get_train_dataloader() if team.size() == 1 else self._shares()
        items: Any = self.train_dataset
        batches = DataLoader(items, batch_sampler=self.fixed_batches, collate_fn=self.data_collator)
        prepared: DataLoader[Any] = self.accelerator.prepare(batches)
        return prepared

    def _shares(self) -> DataLoader[Any]:
        order = self.reading_order(self.train_dataset)
        shares = DataLoader(
            SharedNotes(self.train_dataset),
            batch_sampler=SharesOfBatches(order, self.division, team.rank()),
            collate_fn=with_weights(self.data_collator),
            pin_memory=self.args.dataloader_pin_memory,
        )
        # They are shares already, so they are not divided among processes again.
        prepared: DataLoader[Any] = prepare_data_loader(shares, num_processes=1, process_index=0)
        return prepared

    def _clip_grad_norm(self, model: torch.nn.Module) -> torch.Tensor:
        norm: torch.Tensor = super()._clip_grad_norm(model)  # type: ignore[no-untyped-call]
        # A finite loss may have an infinite gradient, which clipping turns into NaN.
        require_finite("the gradient", norm, self.args, self.state.global_step + 1)
        return norm

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        return self.reading_order(self.train_dataset if train_dataset is None else train_dataset)


class ProgressReport(TrainerCallback):
    """Reports progress to an observer, and keeps ``history.json`` up to date."""

    task = "Training"

    def __init__(self, run: Path, observer: Observer) -> None:
        self._run = run
        self._observer = observer

    def line(self, state: TrainerState, metrics: dict[str, float]) -> str:
        """Return the line to print after an evaluation."""
        raise NotImplementedError

    def history(self, state: TrainerState) -> list[dict[str, Any]]:
        """Return the rows of ``history.json``."""
        return list(state.log_history)

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Begin the task, at the step where training starts or resumes."""
        self._observer.begin(self.task, state.max_steps)
        self._observer.advance(state.global_step)

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Count a step."""
        self._observer.advance()

    def on_evaluate(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Write the history and report the metrics."""
        if state.is_world_process_zero:
            write_history(self._run, self.history(state))
        self._observer.say(self.line(state, kwargs["metrics"]))


def training_arguments(folder: Path, **fields: Any) -> TrainingArguments:
    """Return the arguments of a Trainer that prints nothing, uploads nothing and keeps every column.

    Parameters
    ----------
    folder
        The folder of the checkpoints.
    fields
        Further arguments.

    """
    return TrainingArguments(
        output_dir=str(folder),
        use_cpu=best_device().type == "cpu",
        disable_tqdm=True,
        log_level_replica="error",
        report_to="none",
        remove_unused_columns=False,
        label_names=["labels"],
        # The Trainer would hide a NaN: it logs the mean of the other losses.
        logging_nan_inf_filter=False,
        **fields,
    )
