"""The plan of a reproduction on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from clem_icd.cli.tabulation import new_table, size

if TYPE_CHECKING:
    from rich.console import Console

    from clem_icd.reproducing import ReproductionPlan
    from clem_icd.reproducing.estimates import RunEstimate

_SPLITS = ("train", "validation", "test")


def plan_as_json(planned: ReproductionPlan) -> dict[str, Any]:
    """Return the plan as a JSON object; sizes are in bytes."""
    return {**asdict(planned), "steps": [str(step) for step in planned.steps]}


def show_plan(console: Console, planned: ReproductionPlan) -> None:
    """Print the plan."""
    console.print(f"{planned.title}, in {len(planned.steps)} steps:", markup=False)
    for number, step in enumerate(planned.steps, start=1):
        console.print(f"{number:>3}. {step}", markup=False)
    console.print()
    corpora = new_table("corpus", *_SPLITS, "labels", "disk, at most", title="Corpora")
    for one in planned.corpora:
        notes = [f"{one.size.notes.get(split, 0):,}" for split in _SPLITS]
        labels = "?" if one.size.labels is None else f"{one.size.labels:,}"
        corpora.add_row(one.name, *notes, labels, size(one.disk))
    console.print(corpora)
    for estimate in planned.runs:
        console.print(f"\n{estimate.run}", markup=False)
        _show_lines(console, _costs(estimate))
    console.print(
        f"\nDisk: at most {size(planned.disk)} at any time; {size(planned.free)} are free.", markup=False
    )
    console.print("\nWhat this rests on:", markup=False)
    _show_lines(console, planned.remarks)
    if planned.missing:
        console.print("\nIt cannot start yet:", markup=False)
        _show_lines(console, planned.missing)


def _costs(one: RunEstimate) -> Iterator[str]:
    early = ", unless it stops early" if one.may_stop_early else ""
    seeds = f", {one.seeds} seeds" if one.seeds > 1 else ""
    yield f"{one.recipe} on {one.corpus}"
    yield (
        f"{one.steps:,} steps: {one.notes:,} notes, {one.batch} per step, {one.epochs} epochs{seeds}{early}"
    )
    yield f"{_between(*one.tokens, unit=1e6)} million tokens{early}"
    if one.hours is not None:
        yield f"{_between(*one.hours)} hours{early}"
    parameters = "?" if one.parameters is None else f"{one.parameters / 1e6:,.1f} million"
    yield (
        f"{parameters} parameters: {size(one.weights_memory)} of device memory before activations; at most "
        f"{size(one.host_memory)} of memory for tokens and scores"
    )
    yield (
        f"{size(one.checkpoints)} on disk for checkpoints while it trains, {size(one.results)} for model and "
        "scores"
    )


def _between(low: float | None, high: float, unit: float = 1) -> str:
    most = f"{high / unit:,.1f}"
    return f"at most {most}" if low is None else f"{low / unit:,.1f} to {most}"


def _show_lines(console: Console, lines: Iterable[str]) -> None:
    for line in lines:
        console.print(f"- {line}", markup=False)
