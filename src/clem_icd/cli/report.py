"""clem report: the report of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import verb

if TYPE_CHECKING:
    from rich.console import Console


@verb()
def report(
    terminal: Terminal,
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    beside: Annotated[
        list[Path] | None,
        typer.Option(help="Another run, or any metrics file, to show next to it. Repeatable."),
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(help="Also write every figure to this folder as PDF, SVG and PNG.")
    ] = None,
) -> None:
    """Write the report of a run, or of its seeds.

    It is one self-contained HTML file without any note text.

    Example: `clem report runs/demo --beside runs/demo-linear`
    """
    from clem_icd.reporting.report import write_figures, write_report

    path = write_report(run, beside=beside or [])
    drawn = write_figures(run, figures, beside=beside or []) if figures else []

    def show(console: Console) -> None:
        console.print(f"Wrote {path}", markup=False)
        if figures:
            console.print(f"Wrote {len(drawn)} figures to {figures}", markup=False)

    terminal.result({"report": str(path), "figures": [str(each) for each in drawn]}, show)
