"""Events for TensorBoard, if a recipe requests them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from clem_icd.extras import optional
from clem_icd.training.recipe import NeuralRecipe


def require_tensorboard(recipe: NeuralRecipe) -> None:
    """Refuse a recipe that requests events if TensorBoard is not installed.

    Raises
    ------
    MissingExtraError
        If it is not installed.

    """
    if "tensorboard" in recipe.training.report_to:
        optional("tensorboard", "training.report_to=[tensorboard]")


def tensorboard_callback(folder: Path) -> TrainerCallback:
    """Return a callback that writes what the Trainer logs to a folder."""
    # Imported here: it takes seconds, and few runs use it.
    from torch.utils.tensorboard import SummaryWriter
    from transformers.integrations.integration_utils import TensorBoardCallback

    writer: Callable[..., Any] = SummaryWriter
    return TensorBoardCallback(tb_writer=writer(log_dir=str(folder)))
