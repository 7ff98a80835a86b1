"""From the fields of a recipe to the arguments of the Hugging Face Trainer."""

from __future__ import annotations

from pathlib import Path

from transformers import TrainingArguments

from clem_icd.modeling.machine import best_device, precision_here
from clem_icd.training import team
from clem_icd.training.recipe import NeuralRecipe
from clem_icd.training.shares import Division
from clem_icd.training.trainer import training_arguments


def arguments_of(recipe: NeuralRecipe, notes: int, folder: Path) -> TrainingArguments:
    """Return the arguments of a recipe.

    Parameters
    ----------
    notes
        Number of training notes.
    folder
        The folder of the checkpoints.

    """
    training = recipe.training
    division = division_of(recipe)
    selects = training.selection_metric != "last"
    every = "epoch" if training.checkpoint_steps is None else "steps"
    return training_arguments(
        folder,
        num_train_epochs=training.epochs,
        learning_rate=training.learning_rate,
        lr_scheduler_type=training.schedule,
        warmup_steps=training.warmup(notes),
        weight_decay=training.weight_decay,
        max_grad_norm=training.max_gradient_norm,
        per_device_train_batch_size=division.notes_per_process,
        per_device_eval_batch_size=division.notes_per_process,
        gradient_accumulation_steps=division.passes,
        activation_checkpointing=training.gradient_checkpointing,
        bf16=precision_of(recipe) == "bf16",
        eval_strategy=every,
        save_strategy=every,
        eval_steps=training.checkpoint_steps,
        save_steps=training.checkpoint_steps or 500,
        logging_steps=training.log_steps,
        metric_for_best_model=training.selection_metric if selects else None,
        greater_is_better=training.selection_metric != "loss" if selects else None,
        load_best_model_at_end=selects,
        restore_callback_states_from_checkpoint=True,
        seed=recipe.seed,
        data_seed=recipe.seed,
        dataloader_pin_memory=best_device().type == "cuda",
        # An encoder may have parameters that no reading or head uses.
        ddp_find_unused_parameters=True,
    )


def division_of(recipe: NeuralRecipe) -> Division:
    """Return how the processes that train a recipe divide its steps."""
    return Division(recipe.training.batch_size, recipe.training.gradient_accumulation, team.size())


def precision_of(recipe: NeuralRecipe) -> str:
    """Return the precision in which a recipe trains on this machine: ``bf16`` or ``fp32``."""
    return precision_here(recipe.training.precision)
