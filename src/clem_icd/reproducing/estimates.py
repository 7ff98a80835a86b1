"""What a run costs, as far as it follows from the size of its corpus and its recipe."""

from __future__ import annotations

from dataclasses import dataclass

from clem_icd.errors import ModelError
from clem_icd.modeling import Architecture
from clem_icd.modeling.sizing import head_parameters, parameters_of
from clem_icd.reproducing.encoders import facts_of, is_here
from clem_icd.reproducing.resolving import ResolvedRun
from clem_icd.reproducing.sizes import CorpusSize
from clem_icd.training import NeuralRecipe

__all__ = ["RunEstimate", "estimate_run"]

_FLOAT = 4
"""Bytes of a number in single precision."""

_ADAMW = 2
"""Numbers that AdamW keeps per parameter: the means of its gradient and of its square."""


@dataclass(frozen=True)
class RunEstimate:
    """The cost of training and scoring.

    Attributes
    ----------
    run, corpus, recipe
        The names.
    notes
        Notes to train on.
    epochs, batch, seeds
        Epochs, notes per step, and number of trainings.
    steps
        Optimizer steps of all seeds.
    may_stop_early
        Whether the recipe stops early, so that steps, tokens and hours are at most these.
    tokens
        The fewest and the most tokens to train on in all steps: a token per word, if the median is
        known, and as many as the reading allows.
    hours
        How long these take at a given speed; None without one.
    parameters
        Number of parameters; None if the encoder is unknown.
    weights_memory
        Bytes that weights, gradients and the state of AdamW take on the device, without activations.
    host_memory
        Bytes that tokens, and the scores and codes of the larger split, take in memory, at most.
    checkpoints, results
        Bytes of the checkpoints while it trains, and of model and scores when it is finished.
    basis
        What the number of parameters rests on.

    """

    run: str
    corpus: str
    recipe: str
    notes: int
    epochs: int
    batch: int
    seeds: int
    steps: int
    may_stop_early: bool
    tokens: tuple[int | None, int]
    hours: tuple[float | None, float] | None
    parameters: int | None
    weights_memory: int | None
    host_memory: int
    checkpoints: int | None
    results: int | None
    basis: str


def estimate_run(one: ResolvedRun, size: CorpusSize, tokens_per_second: float | None) -> RunEstimate:
    """Estimate the cost of a run on a corpus of some size."""
    recipe, training = one.recipe, one.recipe.training
    notes = size.notes["train"]
    batch = training.batch_size * training.gradient_accumulation
    passes = training.epochs * recipe.seeds * notes
    longest = recipe.reading.max_tokens
    tokens = (None if size.words is None else passes * min(size.words, longest), passes * longest)
    parameters, basis = _parameters(recipe.architecture, size.labels)
    scored = size.notes["validation"] + size.notes.get("test", 0)
    labels = size.labels or 0
    return RunEstimate(
        run=one.name,
        corpus=one.run.corpus,
        recipe=one.run.recipe,
        notes=notes,
        epochs=training.epochs,
        batch=batch,
        seeds=recipe.seeds,
        steps=-(-notes // batch) * training.epochs * recipe.seeds,
        may_stop_early=training.patience is not None,
        tokens=tokens,
        hours=_hours(tokens, tokens_per_second),
        parameters=parameters,
        weights_memory=parameters and parameters * (2 + _ADAMW) * _FLOAT,
        host_memory=(notes + size.notes["validation"]) * longest * _FLOAT
        + max(size.notes["validation"], size.notes.get("test", 0)) * labels * 2 * _FLOAT,
        checkpoints=parameters and _kept(recipe) * parameters * (1 + _ADAMW) * _FLOAT,
        results=parameters and recipe.seeds * (parameters + scored * labels) * _FLOAT,
        basis=basis,
    )


def _kept(recipe: NeuralRecipe) -> int:
    """Return how many checkpoints there may be at once: the last, the best, and one that is being written."""
    return 2 if recipe.training.selection_metric == "last" else 3


def _hours(
    tokens: tuple[int | None, int], tokens_per_second: float | None
) -> tuple[float | None, float] | None:
    if tokens_per_second is None:
        return None
    low, high = tokens
    return (None if low is None else low / tokens_per_second / 3600, high / tokens_per_second / 3600)


def _parameters(architecture: Architecture, labels: int | None) -> tuple[int | None, str]:
    """Return the number of parameters, and what it rests on."""
    if is_here(architecture):
        try:
            return parameters_of(architecture, labels or 0), "counted from the encoder's config"
        except ModelError:
            return None, "unknown: the encoder cannot be opened"
    facts = facts_of(architecture)
    if facts is None:
        return None, "unknown: the encoder is not on this machine"
    return facts.parameters + head_parameters(architecture.head, facts.width, labels or 0), facts.basis
