"""clem pretrain: train an encoder on texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clem_icd.cli.stopping import RESUME, ending_on_sigterm
from clem_icd.cli.tabulation import new_table
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import verb

if TYPE_CHECKING:
    from rich.console import Console

    from clem_icd.pretraining import Plan


@verb(interrupted=RESUME)
def pretrain(
    terminal: Terminal,
    out: Annotated[Path, typer.Argument(help="Folder of the run.")],
    text: Annotated[
        list[str],
        typer.Option(
            help="Texts to read: a corpus (only its training notes), a file with a column `text` (jsonl, csv "
            "or tsv, optionally .gz, or parquet), a folder of *.txt files, or `icd10cm` for the titles and "
            "inclusion terms of ICD-10-CM. Repeatable."
        ),
    ],
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Settings that override the defaults.")
    ] = None,
    encoder: Annotated[
        str,
        typer.Option(
            help="Encoder to start from: `small` for random weights, the name of an encoder in this package, "
            "a folder, or a Hub id."
        ),
    ] = "small",
    coded: Annotated[
        list[Path] | None,
        typer.Option(help="A corpus whose training notes are read together with their codes. Repeatable."),
    ] = None,
    keep_out: Annotated[
        list[Path] | None,
        typer.Option(
            help="A corpus whose validation and test notes, and near-copies of them, are kept out. Those of "
            "every corpus that is read are kept out in any case. Repeatable."
        ),
    ] = None,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan",
            help="Measure a few steps and estimate how far a number of hours goes; write nothing.",
        ),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume the run at OUT, or start it if there is none.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an existing OUT instead of refusing it.")
    ] = False,
) -> None:
    """Train an encoder on masked tokens.

    It starts from random weights, or from another encoder (`--encoder`). The result is written to
    OUT/encoder: `clem train … encoder=OUT/encoder`.

    Example: `clem pretrain runs/encoder --text notes.jsonl.gz --text icd10cm --keep-out runs/corpus`
    """
    from clem_icd.errors import RunError
    from clem_icd.files import check_free, read_json
    from clem_icd.pretraining import Sources, plan_pretraining, read_pretraining
    from clem_icd.pretraining import pretrain as pretrain_run
    from clem_icd.runs.layout import PRETRAINING_STATE

    recipe = read_pretraining(settings or [], encoder=encoder)
    if not (resume or plan):
        check_free(out, force=force)
    sources = Sources(text, coded or [], keep_out or [])
    if plan:
        planned = plan_pretraining(recipe, sources, observer=terminal)
        terminal.result(_as_json(planned), lambda console: _show_plan(console, planned))
        return
    with ending_on_sigterm(terminal):
        place = pretrain_run(recipe, sources, out, resume=resume, force=force, observer=terminal)
    state = read_json(out / PRETRAINING_STATE, RunError)

    def show(console: Console) -> None:
        loss = f"{state['parameters']:,} parameters, held-out loss {state['held_out_loss']:.3f}"
        console.print(f"{loss}: {place}", markup=False)
        console.print(f"Use it: clem train RECIPE --corpus CORPUS --out RUN encoder={place}", markup=False)

    terminal.result({"run": str(out), "encoder": str(place), **state}, show)


def _as_json(planned: Plan) -> dict[str, Any]:
    from clem_icd.pretraining import HOURS

    return {
        "parameters": planned.parameters,
        "tokens": planned.tokens,
        "seconds": planned.seconds,
        "phases": [
            {
                "length": phase.length,
                "steps": phase.steps,
                "seconds_per_step": phase.seconds_per_step,
                "tokens_per_second": phase.tokens_per_step / phase.seconds_per_step,
            }
            for phase in planned.phases
        ],
        "budgets": [
            {"hours": hours, "tokens": planned.tokens_in(hours), "passes": planned.passes_in(hours)}
            for hours in HOURS
        ],
    }


def _show_plan(console: Console, planned: Plan) -> None:
    from clem_icd.pretraining import HOURS
    from clem_icd.progress import minutes

    speeds = new_table(
        "sequence length", "steps", "seconds per step", "tokens per second", title="Measured on this machine"
    )
    for phase in planned.phases:
        speeds.add_row(
            f"{phase.length:,}",
            f"{phase.steps:,}",
            f"{phase.seconds_per_step:.2f}",
            f"{phase.tokens_per_step / phase.seconds_per_step:,.0f}",
        )
    console.print(speeds)
    console.print()
    budgets = new_table("hours", "training.tokens", "passes over the texts", title="What a time budget buys")
    for hours in HOURS:
        budgets.add_row(f"{hours:g}", f"{planned.tokens_in(hours):,}", f"{planned.passes_in(hours):.1f}")
    console.print(budgets)
    console.print(
        f"{planned.parameters:,} parameters, {planned.tokens:,} tokens of text. These settings take "
        f"{minutes(planned.seconds)}, not counting reading and tokenizing.",
        markup=False,
    )
