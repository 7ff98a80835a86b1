"""clem synthesize: a synthetic hospital in the raw layout of a real one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clem_icd.cli.options import Force
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import verb

if TYPE_CHECKING:
    from rich.console import Console


@verb()
def synthesize(
    terminal: Terminal,
    out: Annotated[Path, typer.Option(help="Output folder.")],
    admissions: Annotated[
        int, typer.Option(min=1, help="Number of admissions; almost every one has a discharge summary.")
    ],
    layout: Annotated[
        str,
        typer.Option(help="Raw layout: mimic3, mimic4, or mdace (mimic3 plus annotations)."),
    ] = "mimic4",
    seed: Annotated[int, typer.Option(help="Seed of the hospital; the same seed writes the same bytes.")] = 0,
    words: Annotated[
        int,
        typer.Option(
            min=60, help="Median words per discharge summary; below 380 the summaries are abridged."
        ),
    ] = 1400,
    other_notes: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Mean number of notes of other kinds per admission, in mimic3 and mdace. Default: 2; "
            "MIMIC-III has about 34. More notes make larger files, not more codes.",
        ),
    ] = None,
    ids_from: Annotated[
        Path | None,
        typer.Option(
            help="Split file, or folder of the published ones, to take admission numbers from, so that "
            "those splits fit. Default: invented numbers, which fit no published split.",
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Write a synthetic hospital.

    It has the raw layout of MIMIC-III, MIMIC-IV or MDACE. The patients do not exist. The notes show how the
    software works, not how well notes can be coded.

    Example: `clem synthesize --layout mimic4 --admissions 500 --seed 1 --words 150 --out runs/raw`
    """
    from clem_icd.synthetic import synthesize as write

    terminal.begin("Writing admissions", admissions)
    summary = write(
        out,
        layout=layout,
        admissions=admissions,
        seed=seed,
        words=words,
        other_notes=other_notes,
        ids_from=ids_from,
        force=force,
        progress=terminal.advance,
    )

    def show(console: Console) -> None:
        console.print(
            f"Wrote a synthetic hospital of {admissions:,} admissions to {out}. "
            "No patient is real, and no score on it carries over to real notes.",
            markup=False,
        )

    terminal.result({**asdict(summary), "path": str(out)}, show)
