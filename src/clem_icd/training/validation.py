"""What is measured on the validation split while training, and said about it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from transformers import EvalPrediction, TrainerState

from clem_icd.decisions import EDIN2024_GRID, threshold_curve
from clem_icd.evaluation import evaluate
from clem_icd.evaluation.headlines import HEADLINES
from clem_icd.modeling.heads import Head
from clem_icd.training.alarm import collapse_signs
from clem_icd.training.trainer import ProgressReport


def validation_metrics(
    head: Head, train_counts: npt.NDArray[np.int64], prediction: EvalPrediction
) -> dict[str, float]:
    """Return the metrics of an evaluation, for the history and the choice of a checkpoint.

    Parameters
    ----------
    head
        The head, which may add metrics of its own.
    train_counts
        Number of training notes with each label [labels].
    prediction
        Logits and targets [notes, labels].

    """
    targets = np.asarray(prediction.label_ids) > 0.5
    logits = np.asarray(prediction.predictions, dtype=np.float32)
    scores = 1 / (1 + np.exp(-logits))
    # All other metrics are computed once, at the end of training.
    values = evaluate(targets, scores, profile=HEADLINES)
    tuned = float(threshold_curve(targets, scores, EDIN2024_GRID).max())
    signs = collapse_signs(targets, scores, train_counts, tuned)
    return {**values, "micro_f1_tuned": tuned, **signs, **head.validation_metrics(logits, targets)}


class ValidationReport(ProgressReport):
    """Reports progress, and the metrics of every evaluation in one line."""

    def line(self, state: TrainerState, metrics: dict[str, float]) -> str:
        """Return the line to print after an evaluation."""
        return (
            f"Epoch {metrics['epoch']:.4g}: validation loss {metrics['eval_loss']:.4f}, "
            f"micro-F1 {metrics['eval_micro_f1_tuned']:.4f}, MAP {metrics['eval_map']:.4f}"
        )
