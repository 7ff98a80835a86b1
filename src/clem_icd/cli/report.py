"""clem report: the report of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clem_icd.cli.terminal import Debug, Json, Quiet, terminal


def report(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    beside: Annotated[
        list[Path] | None, typer.Option(help="Another run to show beside it. Repeat for more.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write the report of a run: one HTML file, with nothing to load and no note text.

    Example: `clem report runs/demo --beside runs/demo-linear`
    """
    with terminal(json=json, quiet=quiet, debug=debug) as own:
        from clem_icd.evaluation import write_report

        path = write_report(run, beside=beside or [])
        own.result({"report": str(path)}, lambda console: console.print(f"Wrote {path}", markup=False))
