"""clem pretrain: texts become an encoder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from clem_icd.cli.tabulation import new_table
from clem_icd.cli.terminal import Debug, Force, Json, Quiet, hush_transformers, terminal

if TYPE_CHECKING:
    from clem_icd.pretraining import Plan

_INTERRUPTED = "The same command with --resume goes on with the run."


def pretrain(
    out: Annotated[Path, typer.Argument(help="The folder of the run.")],
    text: Annotated[
        list[str],
        typer.Option(
            help="What to read; repeats. A corpus (its training notes only), a file with a column `text` "
            "(jsonl, csv, tsv, each perhaps .gz; parquet), a folder of *.txt, or `icd10cm` for the titles "
            "and inclusion terms of ICD-10-CM."
        ),
    ],
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Settings on top of the defaults.")
    ] = None,
    encoder: Annotated[
        str,
        typer.Option(
            help="What to start from: `small` for random weights, the name of an encoder that comes with "
            "this package, a folder, or a Hub id."
        ),
    ] = "small",
    coded: Annotated[
        list[Path] | None,
        typer.Option(help="A corpus whose training notes are read with their codes; repeats."),
    ] = None,
    keep_out: Annotated[
        list[Path] | None,
        typer.Option(
            help="A corpus of whose validation and test notes not even near-copies may be read; repeats. "
            "Those of every corpus that is read are kept out in any case."
        ),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Measure a few steps, say what hours buy, and write nothing.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run at OUT, or start it if there is none.")
    ] = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Train an encoder on masked tokens, from scratch or on from another encoder.

    The encoder is then in OUT/encoder: `clem train … encoder=OUT/encoder`.

    Example: `clem pretrain runs/encoder --text notes.jsonl.gz --text icd10cm --keep-out runs/corpus`
    """
    with terminal(json=json, quiet=quiet, debug=debug, interrupted=_INTERRUPTED) as own:
        from clem_icd.pretraining import Sources, read_pretraining

        recipe = read_pretraining(settings or [], encoder=encoder)

        from clem_icd.errors import RunError
        from clem_icd.files import check_free, read_json
        from clem_icd.pretraining import plan_pretraining
        from clem_icd.pretraining import pretrain as run

        hush_transformers()
        if not (resume or plan):
            check_free(out, force=force)
        sources = Sources(text, coded or [], keep_out or [])
        if plan:
            planned = plan_pretraining(recipe, sources, observer=own)
            own.result(_as_json(planned), lambda console: _show_plan(console, planned))
            return
        place = run(recipe, sources, out, resume=resume, force=force, observer=own)
        state = read_json(out / "pretraining.json", RunError)
        own.result(
            {"run": str(out), "encoder": str(place), **state},
            lambda console: console.print(
                f"{state['parameters']:,} parameters, held-out loss {state['held_out_loss']:.3f}: {place}\n"
                f"Use it: clem train RECIPE --corpus CORPUS --out RUN encoder={place}",
                markup=False,
            ),
        )


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
    from clem_icd.pretraining.trainer import minutes

    speeds = new_table(
        "sequence length", "steps", "seconds per step", "tokens per second", title="Measured here"
    )
    for phase in planned.phases:
        speeds.add_row(
            f"{phase.length:,}",
            f"{phase.steps:,}",
            f"{phase.seconds_per_step:.2f}",
            f"{phase.tokens_per_step / phase.seconds_per_step:,.0f}",
        )
    console.print(speeds)
    budgets = new_table("hours", "training.tokens", "passes over the texts", title="What a budget buys")
    for hours in HOURS:
        budgets.add_row(f"{hours:g}", f"{planned.tokens_in(hours):,}", f"{planned.passes_in(hours):.1f}")
    console.print(budgets)
    console.print(
        f"{planned.parameters:,} parameters, {planned.tokens:,} tokens of text. These settings take "
        f"{minutes(planned.seconds)}, beside reading and tokenizing.",
        markup=False,
    )
