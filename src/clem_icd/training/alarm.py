"""The collapse alarm: says during training when a model is no better than the most frequent codes.

With thousands of labels, a model first learns how frequent each code is. Some never get past that: they rank
nearly the same codes first for every note, while the loss falls and looks healthy.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from clem_icd.decisions import BoolArray, FloatArray, IntArray
from clem_icd.evaluation.collapse import constant_micro_f1, top_codes
from clem_icd.modeling import Head
from clem_icd.progress import Observer
from clem_icd.training.recipe import NeuralRecipe

_MARGIN = 0.005
"""A smaller gain in micro-F1 counts as none: another order of the frequent codes can make as much."""

_PAGE = "docs/how-to/when-training-goes-wrong.md"


def collapse_signs(
    targets: BoolArray, scores: FloatArray, train_counts: IntArray, micro_f1: float
) -> dict[str, float]:
    """Return the signs of a collapse, by the name that ``history.json`` has for them after ``eval_``.

    The codes on top of a note are as many as a note of the split has on average.

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    scores
        The system's scores [notes, labels].
    train_counts
        Number of training notes with each label [labels].
    micro_f1
        Micro-F1 of the system with its best threshold.

    """
    on_top = top_codes(scores, max(1, round(targets.sum() / len(targets))))
    return {
        "distinct_codes": on_top.distinct,
        "code_overlap": on_top.overlap,
        "micro_f1_over_constant": micro_f1 - constant_micro_f1(targets, train_counts),
    }


class CollapseAlarm(TrainerCallback):
    """Says after an evaluation that the model is no better than a constant, from the end of warm-up on."""

    def __init__(self, recipe: NeuralRecipe, labels: int, observer: Observer) -> None:
        self._remedies = _remedies(recipe)
        self._preparatory_epochs = recipe.head.preparatory_epochs
        self._labels = labels
        self._observer = observer
        self._explained = False

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Say it where it is so; the first time with what it means and what to try."""
        metrics: dict[str, float] = kwargs["metrics"]
        gain = metrics["eval_micro_f1_over_constant"]
        # As long as the learning rate rises, or the codes are not learned yet, this is normal.
        warming_up = state.global_step <= args.get_warmup_steps(state.max_steps)
        if gain >= _MARGIN or warming_up or (state.epoch or 0) <= self._preparatory_epochs:
            return
        tuned = metrics["eval_micro_f1_tuned"]
        found = f"micro-F1 {tuned:.4f}, where assigning those to every note gives {tuned - gain:.4f}"
        if self._explained:
            self._observer.say(f"Still no better than the most frequent codes: {found}")
            return
        self._explained = True
        shared, distinct = metrics["eval_code_overlap"], metrics["eval_distinct_codes"]
        self._observer.say(
            f"No better than the most frequent codes: {found}. Two notes share {100 * shared:.0f} % of their "
            f"top codes, and {distinct:,} of {self._labels:,} codes are on top of any note: so far the model "
            f"has learned no more than how frequent codes are. If this lasts, try {self._remedies} ({_PAGE})"
        )


def _remedies(recipe: NeuralRecipe) -> str:
    """Name settings that help against a collapse, without those that the recipe already has."""
    settings = ["a smaller training.batch_size", "more epochs", "a longer warm-up"]
    if recipe.training.head_learning_rate_factor == 1 and getattr(recipe.head, "start", "random") == "random":
        settings.insert(0, "training.head_learning_rate_factor=10")
    if not recipe.head.prior_bias and _fits(recipe.head, prior_bias=True):
        settings.insert(0, "head.prior_bias=true")
    return f"{', '.join(settings[:-1])} or {settings[-1]}"


def _fits(head: Head, **fields: Any) -> bool:
    """Return whether a head with some other fields would be valid."""
    try:
        type(head).model_validate({**head.model_dump(), **fields})
    except ValidationError:
        return False
    return True
