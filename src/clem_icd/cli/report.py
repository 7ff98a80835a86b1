"""clem report: the report of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from clem_icd.cli.terminal import Debug, Json, Quiet, terminal


def report(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    beside: Annotated[
        list[Path] | None,
        typer.Option(help="Another run, or anyone's metrics file, to show beside it. Repeat for more."),
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(help="Also write each figure here, as PDF, SVG and PNG, for a paper.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write the report of a run, or of its seeds: one HTML file, with nothing to load and no note text.

    Example: `clem report runs/demo --beside runs/demo-linear`
    """
    with terminal(json=json, quiet=quiet, debug=debug) as own:
        from clem_icd.reporting.report import write_figures, write_report

        path = write_report(run, beside=beside or [])
        drawn = write_figures(run, figures, beside=beside or []) if figures else []
        value = {"report": str(path), "figures": [str(each) for each in drawn]}
        own.result(value, lambda console: _show(console, path, len(drawn), figures))


def _show(console: Console, path: Path, drawn: int, figures: Path | None) -> None:
    console.print(f"Wrote {path}", markup=False)
    if figures:
        console.print(f"Wrote {drawn} figures to {figures}", markup=False)
