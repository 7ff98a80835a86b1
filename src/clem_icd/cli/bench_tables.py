"""The speed of a model as tables."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from clem_icd.cli.tabulation import new_table, size
from clem_icd.progress import minutes

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_NAMES = {"stock": "stock", "plm-icd": "PLM-ICD", "plm-icd-same-size": "same size"}


def show_plan(console: Console, plan: dict[str, Any]) -> None:
    """Print what would be measured."""
    _show_machine(console, plan)
    table = new_table("notes", "read by", "seconds per pass", text=("read by",))
    for name, passes in groupby(plan["passes"], key=lambda one: str(one["workload"])):
        for first, one in _marked(passes):
            table.add_row(
                _workload(name, plan["unit"]) if first else "",
                _system(one["system"]),
                f"{one['expected_seconds']:,.1f}",
            )
    console.print(table)
    _show_skipped(console, plan)
    console.print(f"All passes would take about {minutes(plan['expected_seconds'])}.", markup=False)


def show_speed(console: Console, document: dict[str, Any]) -> None:
    """Print a measurement."""
    _show_machine(console, document)
    console.print(_passes(document))
    console.print()
    if any(row["faster_than"] for row in document["rows"]):
        console.print(_comparison(document))
        console.print()
    _show_legend(console, document)
    _show_skipped(console, document)
    console.print()
    console.print(_many_notes(document))
    estimate = document["estimate"]
    price = (
        "Without --price, only the time is known."
        if estimate["price_per_hour"] is None
        else f"At {estimate['price_per_hour']:g} per hour of this machine."
    )
    console.print(
        f"As long as {estimate['lengths_of']}, median {estimate['median_length']:,.0f} {document['unit']}. "
        f"Interpolated between the measured lengths; padding is not counted. {price}",
        markup=False,
    )
    console.print()
    console.print(document["conclusion"], markup=False)


def _show_machine(console: Console, document: dict[str, Any]) -> None:
    machine = document["machine"]
    place = ", ".join(machine["gpus"]) if document["machine"]["device"] == "cuda" else machine["cpu"]
    repeats = document["repeats"]
    passes = "one pass" if repeats == 1 else f"medians of {repeats} interleaved passes"
    console.print(
        f"{place}, {machine['instructions']}, {machine['threads']} threads, torch {machine['torch']}, "
        f"transformers {machine['transformers']}, {document['date']}; {document['notes']}; "
        f"{passes} each.",
        markup=False,
    )
    if document["busy"]:
        console.print(
            f"Warning: other work was running: the load average was {document['load_average_at_start']:.1f} "
            f"before the start, on {machine['cores']} cores. Ratios suffer less than figures; measure again "
            "on an idle machine.",
            markup=False,
        )
    console.print()


def _passes(document: dict[str, Any]) -> Table:
    unit = document["unit"]
    with_memory = any(row["peak_bytes"] is not None for row in document["rows"])
    memory = ["memory", "above"] if with_memory else []
    ceiling = ["ceiling"] if document["ceilings"] else []
    table = new_table("notes", "read by", "notes/s", f"{unit}/s", *memory, *ceiling, text=("read by",))
    for name, rows in groupby(document["rows"], key=lambda row: str(row["workload"])):
        for first, row in _marked(rows):
            cells = [
                _workload(name, unit) if first else "",
                _system(row["system"]),
                _figure(row["notes_per_second"]),
                f"{row[f'{unit}_per_second']:,.0f}",
            ]
            if memory:
                cells += [size(row["peak_bytes"]), size(row["peak_bytes_above"])]
            if ceiling:
                share = row["share_of_ceiling"]
                cells.append("?" if share is None else f"{share:.0%}")
            table.add_row(*cells)
    return table


def _comparison(document: dict[str, Any]) -> Table:
    """Return how many times as fast as its rivals the model is."""
    own = {one["system"] for one in document["systems"] if one["is_model"]}
    rivals = [one["system"] for one in document["systems"] if not one["is_model"]]
    table = new_table("times as fast as", "read by", *map(_system, rivals), text=("read by",))
    rows = [row for row in document["rows"] if row["system"] in own]
    for name, group in groupby(rows, key=lambda row: str(row["workload"])):
        for first, row in _marked(group):
            ratios = (row["faster_than"].get(rival) for rival in rivals)
            table.add_row(
                _workload(name, document["unit"]) if first else "",
                _system(row["system"]),
                *("" if ratio is None else f"{ratio:.2f}" for ratio in ratios),
            )
    return table


def _show_legend(console: Console, document: dict[str, Any]) -> None:
    for one in document["systems"]:
        if not one["is_model"]:
            console.print(
                f"{_system(one['system'])}: {one['about']}; {one['parameters']:,} parameters.", markup=False
            )
    if document["ceilings"]:
        ceilings = ", ".join(
            f"{one['precision']} {one['gigaflops']:,.0f} ({one['library']})" for one in document["ceilings"]
        )
        console.print(
            f"Ceiling: the share of the fastest product of large matrices in the same precision, in GFLOPS: "
            f"{ceilings}.",
            markup=False,
        )
    measured = "Memory: the peak of the process, and what it holds above the loaded model."
    if document["machine"]["device"] == "cuda":
        measured = "Memory: the peak on the GPU, and what it holds above the loaded model."
    if any(row["peak_bytes"] is not None for row in document["rows"]):
        console.print(measured, markup=False)


def _show_skipped(console: Console, document: dict[str, Any]) -> None:
    for one in document["skipped"]:
        where = "" if one["workload"] is None else f" at {_workload(one['workload'], document['unit'])}"
        console.print(f"Not measured: {_system(one['system'])}{where}: {one['reason']}.", markup=False)


def _many_notes(document: dict[str, Any]) -> Table:
    estimate = document["estimate"]
    costs = estimate["price_per_hour"] is not None
    table = new_table(f"{estimate['notes']:,} notes", "reads", "time", *(["cost"] if costs else []))
    for one in estimate["systems"]:
        reads = "all" if one["reads"] is None else f"{one['reads']:,} tokens"
        cost = [f"{one['cost']:,.2f}"] if costs else []
        table.add_row(_system(one["system"]), reads, minutes(one["seconds"]), *cost)
    return table


def _marked(rows: Any) -> list[tuple[bool, Any]]:
    """Return rows with a mark at the first."""
    return [(position == 0, row) for position, row in enumerate(rows)]


def _workload(name: str, unit: str) -> str:
    return "mixed" if name == "mixed" else f"{int(name):,} {unit}"


def _system(key: str) -> str:
    return _NAMES.get(key, key)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
