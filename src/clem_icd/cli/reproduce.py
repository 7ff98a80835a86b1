"""clem reproduce: a published system, from raw files to its results beside the published ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clem_icd.cli.compare import show_comparison
from clem_icd.cli.reproduction_plan import plan_as_json, show_plan
from clem_icd.cli.stopping import ending_on_sigterm
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import verb

if TYPE_CHECKING:
    from rich.console import Console

    from clem_icd.reproducing import Reproduction


_GO_ON = "Go on with the same command."


@verb(interrupted=_GO_ON)
def reproduce(
    terminal: Terminal,
    target: Annotated[str, typer.Argument(help="paper, plm-icd, plm-ca or mdace.")],
    raw: Annotated[Path, typer.Option(help="Folder of the PhysioNet download.")],
    out: Annotated[
        Path, typer.Option(help="Folder of the reproduction; of an earlier one to go on with it.")
    ],
    settings: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE", help="Settings that override the recipes of all runs."),
    ] = None,
    run: Annotated[
        list[str] | None,
        typer.Option(help="Make only this run. Repeatable. Default: all that --plan lists without --run."),
    ] = None,
    encoder: Annotated[
        list[str] | None,
        typer.Option(
            help="Folder of the encoder, for the runs whose encoder is not on the Hub (for all runs if each "
            "one is); or RUN=FOLDER for one run. Repeatable."
        ),
    ] = None,
    splits: Annotated[
        Path | None,
        typer.Option(help="A folder of the published split files. Default: downloaded once."),
    ] = None,
    mdace: Annotated[
        Path | None, typer.Option(help="Folder of the MDACE repository. Default: in RAW or next to it.")
    ] = None,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan", help="Print the steps and what they take, and what is missing; write and start nothing."
        ),
    ] = False,
    tokens_per_second: Annotated[
        float | None,
        typer.Option(
            min=0.001, help="With --plan: tokens that this machine trains on per second, for the hours."
        ),
    ] = None,
) -> None:
    """Reproduce a published system.

    Its corpora are prepared, it is trained and evaluated as published, and its results are printed beside the
    published ones. The same command goes on where it was stopped.

    Example: `clem reproduce plm-ca --raw ~/physionet --out runs/plm-ca --encoder encoders/RoBERTa-PM --plan`
    """
    from clem_icd.errors import InputError
    from clem_icd.reproducing import Request, plan_reproduction
    from clem_icd.reproducing import reproduce as make

    if tokens_per_second is not None and not plan:
        raise InputError(
            "--tokens-per-second cannot be used without --plan",
            remedy="Pass --plan as well, or leave it out",
        )
    request = Request(
        target,
        raw,
        out,
        names=tuple(run or ()),
        settings=tuple(settings or ()),
        encoders=tuple(encoder or ()),
        splits=splits,
        mdace=mdace,
    )
    if plan:
        planned = plan_reproduction(request, tokens_per_second=tokens_per_second)
        terminal.result(plan_as_json(planned), lambda console: show_plan(console, planned))
        return
    with ending_on_sigterm(terminal, _GO_ON):
        made = make(request, observer=terminal)
    terminal.result(_as_json(made, out), lambda console: _show(console, made, out))


def _as_json(made: Reproduction, out: Path) -> dict[str, Any]:
    from clem_icd.reporting.comparison import comparison_document

    return {
        "reproduction": str(out),
        "title": made.target.title,
        "runs": {name: str(path) for name, path in made.runs.items()},
        "metrics": {name: str(path) for name, path in made.metrics.items()},
        "remarks": list(made.remarks),
        "comparison": comparison_document(made.comparison),
    }


def _show(console: Console, made: Reproduction, out: Path) -> None:
    from clem_icd.reporting.comparison import lay_out

    show_comparison(console, lay_out(made.comparison))
    if made.remarks:
        console.print("\nHow our runs differ from the published systems:", markup=False)
    for line in made.remarks:
        console.print(f"- {line}.", markup=False)
    console.print(
        f"\n{made.target.title}: corpora, runs, metrics and this comparison are in {out}; the definitions of "
        "the metrics are in comparison.md there.",
        markup=False,
    )
