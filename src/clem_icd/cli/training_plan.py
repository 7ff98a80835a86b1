"""The plan of a training run, as a table and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from clem_icd.cli.tabulation import new_table
from clem_icd.progress import minutes

if TYPE_CHECKING:
    from rich.console import Console

    from clem_icd.training import TrainingPlan
    from clem_icd.training.trials import Trial

_ASSUMED = (
    "The estimate is made of one step for each row. It assumes that the other batches take times in between, "
    "that training does not stop early, and that the machine stays as busy as it is. Reading notes, metrics, "
    "checkpoints and the report are not counted."
)

_GROWS = " In a run, the process takes up to about twice as much, since it keeps memory that it has freed."


def as_json(plan: TrainingPlan) -> dict[str, Any]:
    """Return a plan as one JSON object."""
    trials = {
        "own": _trial_as_json(plan, plan.own),
        "better": None if plan.better is None else _trial_as_json(plan, plan.better),
    }
    return {**asdict(plan), **trials}


def show_plan(console: Console, plan: TrainingPlan) -> None:
    """Print a plan."""
    seeds = "" if plan.seeds == 1 else f", {plan.seeds} seeds"
    console.print(
        f"{plan.parameters:,} parameters, {plan.labels:,} labels, {plan.precision} on {plan.device}; "
        f"{plan.notes:,} notes with {plan.tokens:,} tokens, {plan.steps_per_epoch:,} steps per epoch, "
        f"at most {plan.epochs} epochs{seeds}.",
        markup=False,
    )
    console.print()
    _show_trial(console, plan.own, "Measured on this machine")
    if plan.better is not None:
        _show_trial(console, plan.better, "With other settings, and as many notes per step")
    for line in (_time(plan), _memory(plan), _disk(plan), _advice(plan), _ASSUMED):
        console.print(line, markup=False)


def _trial_as_json(plan: TrainingPlan, trial: Trial) -> dict[str, Any]:
    return {
        "settings": trial.batching.settings(),
        "fits": trial.fits,
        "peak_bytes": trial.peak_bytes,
        "epoch_seconds": trial.epoch_seconds,
        "tokens_per_second": None if trial.epoch_seconds is None else plan.tokens / trial.epoch_seconds,
        "total_seconds": plan.seconds(trial),
        "batches": [
            {
                "batch": one.batch,
                "notes": one.notes,
                "tokens": one.tokens,
                "padded_tokens": one.padded_tokens,
                "seconds": one.step.seconds,
                "tokens_per_second": one.tokens / one.step.seconds,
                "peak_bytes": one.step.peak_bytes,
            }
            for one in trial.batches
        ],
    }


def _show_trial(console: Console, trial: Trial, title: str) -> None:
    columns = ("batch", "notes", "tokens", "with padding", "seconds", "tokens per second", "peak memory")
    table = new_table(*columns, title=f"{title}: {' '.join(trial.batching.settings())}")
    for one in trial.batches:
        table.add_row(
            one.batch,
            f"{one.notes:,}",
            f"{one.tokens:,}",
            f"{one.padded_tokens:,}",
            f"{one.step.seconds:.2f}",
            f"{one.tokens / one.step.seconds:,.0f}",
            _size(one.step.peak_bytes),
        )
    console.print(table)
    console.print()


def _time(plan: TrainingPlan) -> str:
    trial = plan.own if plan.own.fits else plan.better
    total = None if trial is None else plan.seconds(trial)
    if trial is None or trial.epoch_seconds is None or total is None or plan.evaluation_seconds is None:
        return "Time: unknown, since no settings were found that fit."
    which = "" if trial is plan.own else " with the other settings"
    return (
        f"Time{which}: {minutes(trial.epoch_seconds)} per epoch, that is "
        f"{plan.tokens / trial.epoch_seconds:,.0f} tokens per second; at most {minutes(total)} in total, "
        f"with {plan.evaluations} evaluations of {minutes(plan.evaluation_seconds)} and scoring at the end."
    )


def _memory(plan: TrainingPlan) -> str:
    own, available = plan.own, _size(plan.available_bytes)
    if own.peak_bytes is None:
        return f"Memory: even a short batch does not fit into {available}."
    if own.fits:
        grows = _GROWS if plan.device == "cpu" else ""
        return f"Memory: {_size(own.peak_bytes)} for the longest batch, of {available} available.{grows}"
    return f"Memory: about {_size(own.peak_bytes)} for the longest batch, too much for {available} available."


def _disk(plan: TrainingPlan) -> str:
    return (
        f"Disk: at most {_size(plan.disk_bytes)}, with checkpoints of {_size(plan.checkpoint_bytes)}; "
        f"{_size(plan.free_disk_bytes)} are free."
    )


def _advice(plan: TrainingPlan) -> str:
    if plan.better is not None:
        settings = " ".join(plan.better.batching.settings())
        reason = "are faster" if plan.own.fits else "fit, where those of the recipe do not"
        return f"Suggested: {settings}. These settings {reason}."
    if plan.own.fits:
        return "The settings of the recipe fit."
    return "No batch size fits. Lower reading.max_tokens, or use a machine with more memory."


def _size(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"
