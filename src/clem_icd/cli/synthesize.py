"""clem synthesize: write a synthetic hospital."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from clem_icd.cli.terminal import Debug, Force, Json, Quiet, terminal


def synthesize(
    out: Annotated[Path, typer.Option(help="The folder to make.")],
    admissions: Annotated[int, typer.Option(min=1, help="How many admissions, one discharge summary each.")],
    layout: Annotated[str, typer.Option(help="The raw layout to write: mimic4.")] = "mimic4",
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
    words: Annotated[int, typer.Option(min=60, help="Median length of a note in words.")] = 1400,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write a synthetic hospital in the raw layout of a real one.

    The patients do not exist. The notes show how the software works, not how well notes can be coded.

    Example: `clem synthesize --layout mimic4 --admissions 500 --seed 1 --words 150 --out runs/raw`
    """
    with terminal(json=json, quiet=quiet, debug=debug) as own:
        from clem_icd.sources import synthesize as write

        own.begin("Writing admissions", admissions)
        summary = write(
            out,
            layout=layout,
            admissions=admissions,
            seed=seed,
            words=words,
            force=force,
            progress=own.advance,
        )
        value = {**asdict(summary), "path": str(out)}
        own.result(
            value,
            lambda console: console.print(
                f"Wrote a synthetic hospital of {admissions:,} admissions to {out}", markup=False
            ),
        )
