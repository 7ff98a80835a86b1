"""clem synthesize: write a synthetic hospital."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from clem_icd.cli.terminal import Debug, Force, Json, Quiet, terminal


def synthesize(
    out: Annotated[Path, typer.Option(help="The folder to make.")],
    admissions: Annotated[
        int, typer.Option(min=1, help="How many admissions; almost each has a discharge summary.")
    ],
    layout: Annotated[
        str,
        typer.Option(
            help="Whose raw files to write: mimic3, mimic4, or mdace (mimic3, and annotations beside it)."
        ),
    ] = "mimic4",
    seed: Annotated[int, typer.Option(help="Which hospital. The same seed gives the same bytes.")] = 0,
    words: Annotated[
        int, typer.Option(min=60, help="Median length of a discharge summary in words; brief below 380.")
    ] = 1400,
    other_notes: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="How many notes of other kinds an admission has on average, in mimic3 and mdace: 2 unless "
            "given, about 34 in MIMIC-III. More of them make larger files and no more codes.",
        ),
    ] = None,
    ids_from: Annotated[
        Path | None,
        typer.Option(
            help="A split file, or the folder of the published ones: the admissions get numbers that occur "
            "there, so that those splits fit. Without it no published split fits.",
        ),
    ] = None,
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
        from clem_icd.synthetic import synthesize as write

        own.begin("Writing admissions", admissions)
        summary = write(
            out,
            layout=layout,
            admissions=admissions,
            seed=seed,
            words=words,
            other_notes=other_notes,
            ids_from=ids_from,
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
