"""The Trainer of neural systems: its loss, its optimizer, its reading order, and what it selects."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from torch.utils.data import Sampler
from transformers import EarlyStoppingCallback, PreTrainedModel, PreTrainedTokenizerBase
from transformers.trainer_utils import EvalLoopOutput

from clem_icd.modeling.inputs import TokenizedNotes
from clem_icd.modeling.labels import LabelSpace
from clem_icd.modeling.losses import LossFunction
from clem_icd.progress import Observer
from clem_icd.runs.layout import RunLayout
from clem_icd.training import team
from clem_icd.training.alarm import CollapseAlarm
from clem_icd.training.arguments import arguments_of, division_of
from clem_icd.training.epochs import BeginEpochs
from clem_icd.training.evidence_tokens import with_evidence
from clem_icd.training.objective import Objective, passed
from clem_icd.training.optimizer import parameter_groups
from clem_icd.training.reading import TrainingNotes
from clem_icd.training.recipe import NeuralRecipe
from clem_icd.training.regularizers import Penalty
from clem_icd.training.sampler import EpochAndRowSampler, LengthGroupedSampler
from clem_icd.training.shares import WEIGHT
from clem_icd.training.synthetic_notes import NotesWithTwins, with_twins
from clem_icd.training.tensorboard import tensorboard_callback
from clem_icd.training.trainer import TrainerBase
from clem_icd.training.validation import ValidationReport, validation_metrics


class NotesTrainer(TrainerBase):
    """Trains on batches of notes of similar length, and evaluates with the loss of an architecture."""

    def __init__(
        self,
        loss: LossFunction,
        step_loss: Objective,
        *,
        head_factor: float,
        preparatory_epochs: int,
        penalty: Penalty | None = None,
        distills: bool = False,
        **others: Any,
    ) -> None:
        super().__init__(**others)
        self.penalty = penalty
        self.distills = distills
        self.loss = loss
        self.step_loss = step_loss
        self.head_factor = head_factor
        self.preparatory_epochs = preparatory_epochs

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Return the mean loss of a batch; only in training, with synthetic notes, R-drop and regularizer.

        Where the batch is a share of one, it counts by its size.
        """
        weight = inputs.pop(WEIGHT, None)
        if model.training:
            outputs, loss = self._passed_in_training(model, inputs)
        else:
            outputs = passed(model, inputs)
            loss = self.loss(outputs.logits, inputs["labels"])
        if weight is not None:
            loss = loss * weight
        return (loss, outputs) if return_outputs else loss

    def _passed_in_training(self, model: torch.nn.Module, inputs: dict[str, Any]) -> tuple[Any, torch.Tensor]:
        """Return the outputs of a batch, and its loss with the term of the regularizer."""
        outputs, term = (passed(model, inputs), None) if self.penalty is None else self.penalty(model, inputs)
        if term is not None and self.distills:
            return outputs, term
        loss = self.step_loss(
            lambda batch: passed(model, batch).logits, inputs, outputs.logits, self._current_epoch
        )
        return outputs, loss if term is None else loss + term

    def evaluation_loop(self, *args: Any, **kwargs: Any) -> EvalLoopOutput:
        """Evaluate; the loss is the mean over the notes, as are those of all other metrics."""
        output: EvalLoopOutput = super().evaluation_loop(*args, **kwargs)
        if team.size() > 1 and output.metrics is not None:
            # The Trainer's includes the loss of notes that fill up the last share.
            logits, targets = (torch.tensor(one) for one in (output.predictions, output.label_ids))
            output.metrics["eval_loss"] = self._mean_loss(logits, targets)
        return output

    def _mean_loss(self, logits: torch.Tensor, targets: torch.Tensor) -> float:
        """Return the mean loss over notes, in batches, as it takes more memory than the logits."""
        starts = range(0, len(logits), self.batch_size)
        batches = [slice(start, start + self.batch_size) for start in starts]
        total = sum(float(self.loss(logits[rows], targets[rows])) * len(logits[rows]) for rows in batches)
        return total / len(logits)

    def create_optimizer(self, model: torch.nn.Module | None = None) -> torch.optim.Optimizer:
        """Return the optimizer that the arguments name, with a learning rate for the head of its own."""
        if self.optimizer is None:
            trained = cast(PreTrainedModel, self.model)
            optimizer, options = self.get_optimizer_cls_and_kwargs(self.args, trained)
            groups = parameter_groups(
                trained,
                self.get_decay_parameter_names(trained),
                learning_rate=self.args.learning_rate,
                head_factor=self.head_factor,
                weight_decay=self.args.weight_decay,
            )
            self.optimizer = optimizer(groups, **options)
        return self.optimizer

    def reading_order(self, dataset: Any) -> Sampler[Any]:
        """Return an order of batches of similar length, which resumes exactly."""
        rows = LengthGroupedSampler(dataset.lengths, self.batch_size, self.args.seed)
        return EpochAndRowSampler(rows) if isinstance(dataset, NotesWithTwins) else rows

    @property
    def _current_epoch(self) -> int:
        """The current epoch, from 0; the Trainer's own is a rounded number."""
        return self.state.global_step * int(self.args.num_train_epochs) // self.state.max_steps

    def _determine_best_metric(self, *args: Any, **kwargs: Any) -> bool:
        """Return whether a checkpoint is the best so far; one of a preparatory epoch never is."""
        if (self.state.epoch or 0) <= self.preparatory_epochs:
            return False
        return super()._determine_best_metric(*args, **kwargs)


def new_trainer(
    recipe: NeuralRecipe,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    train: TrainingNotes,
    validation: TokenizedNotes,
    labels: LabelSpace,
    run: Path,
    observer: Observer,
    teacher: PreTrainedModel | None = None,
) -> NotesTrainer:
    """Return the trainer of a recipe, for its model and its notes; it saves below ``run``."""
    loss = recipe.head.loss_function(recipe.loss, labels)
    regularizer = recipe.training.regularizer
    share_of_label = recipe.loss.share_of_label(len(labels.codes))
    trainer = NotesTrainer(
        loss,
        Objective(loss, recipe.training.r_drop, recipe.loss.reduced),
        head_factor=recipe.training.head_learning_rate_factor,
        preparatory_epochs=recipe.head.preparatory_epochs,
        penalty=None
        if regularizer is None
        else regularizer.penalty(loss, tokenizer, teacher, share_of_label),
        distills=regularizer is not None and regularizer.distills,
        model=model,
        args=arguments_of(recipe, len(train), RunLayout(run).checkpoints),
        division=division_of(recipe),
        train_dataset=train,
        eval_dataset=validation,
        data_collator=with_twins(
            with_evidence(recipe.reading.collator(tokenizer.pad_token_id, model.config.num_labels or 0))
        ),
        processing_class=tokenizer,
        compute_metrics=partial(validation_metrics, recipe.head, labels.counts),
        callbacks=[
            BeginEpochs(recipe.head, observer),
            ValidationReport(run, observer),
            CollapseAlarm(recipe, len(labels.codes), observer),
        ],
    )
    if recipe.training.patience is not None:
        trainer.add_callback(EarlyStoppingCallback(recipe.training.patience))
    if "tensorboard" in recipe.training.report_to and team.leads():
        trainer.add_callback(tensorboard_callback(RunLayout(run).tensorboard))
    return trainer
