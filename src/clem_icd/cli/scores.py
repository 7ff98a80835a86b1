"""clem scores: scores of other systems come in, and ours go out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from clem_icd.cli.terminal import Debug, Force, Json, Quiet, terminal

scores = typer.Typer(
    help="Bring in the scores of another system, or take scores out. "
    "Example: `clem scores import THEIRS.csv --corpus CORPUS --out scores.parquet`",
    no_args_is_help=True,
)

Format = Literal["auto", "long", "wide", "npz", "json", "edin2023", "edin2024", "caml", "mdace"]


@scores.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="What the other system wrote.")],
    corpus: Annotated[Path, typer.Option(help="The corpus folder to judge it on.")],
    out: Annotated[Path, typer.Option(help="The scores file to write (parquet).")],
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    format: Annotated[
        Format,
        typer.Option(
            help="long: a record a note and code, perhaps its score. wide: a column a code. npz: arrays. "
            "json: lists by note. Or the files of Edin et al., CAML, MDACE. Default: by name and columns."
        ),
    ] = "auto",
    labels: Annotated[
        Path | None,
        typer.Option(help="A file of all codes that the system can give; the columns of an npz file."),
    ] = None,
    note_id_column: Annotated[str, typer.Option(help="The column with the notes.")] = "note_id",
    code_column: Annotated[str, typer.Option(help="The column with the codes.")] = "code",
    score_column: Annotated[
        str, typer.Option(help="The column with the scores. Without it every code scores 1.")
    ] = "score",
    code_system_column: Annotated[
        str, typer.Option(help="The column with the code systems, which need not be there.")
    ] = "system",
    by: Annotated[
        Literal["note_id", "admission_id"] | None,
        typer.Option(help="What the file names notes by. Default: whichever fits."),
    ] = None,
    missing: Annotated[
        Literal["error", "zero"],
        typer.Option(help="What to do with a note that is not in the file: refuse, or score it 0."),
    ] = "error",
    unknown: Annotated[
        Literal["error", "drop"],
        typer.Option(help="What to do with notes and codes that the corpus does not have."),
    ] = "error",
    logits: Annotated[
        bool, typer.Option("--logits", help="Apply the sigmoid. Else scores stay as they are.")
    ] = False,
    system: Annotated[
        str | None, typer.Option(help="What reports call the system. Default: the file's name.")
    ] = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Turn the scores of another system into a scores file.

    What does not fit is refused, or counted and said. `clem evaluate` judges the result.

    Example: `clem scores import predictions_test.feather --corpus CORPUS --split test --out scores.parquet`
    """
    with terminal(json=json, quiet=quiet, debug=debug) as own:
        from clem_icd.corpus import Corpus
        from clem_icd.scores.imports import ImportOptions, LongColumns, Reading, import_scores

        columns = LongColumns(note_id_column, code_column, score_column, code_system_column)
        reading = Reading(format=format, columns=columns, labels=labels, by=by)
        options = ImportOptions(reading, missing=missing, unknown=unknown, logits=logits, system=system)
        opened = Corpus.open(corpus)
        own.begin(f"Writing {split}", opened.size(split))
        found = import_scores(file, opened, split, out, options, force=force, progress=own.advance)

        def show(console: Console) -> None:
            console.print(
                f"Wrote the scores of {found.notes:,} notes for {found.labels:,} labels to {out}: "
                f"{found.file}, read as {found.format}, notes by {found.by}, "
                f"{found.labels - found.labels_without_scores:,} labels in it",
                markup=False,
            )
            for line in found.warnings():
                console.print(f"Warning: {line}", markup=False)

        value = {"scores": str(out), "split": split, "notes": found.notes, "labels": found.labels}
        own.result({**value, "warnings": found.warnings(), "imported": found.as_json()}, show)


@scores.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="A scores file.")],
    out: Annotated[Path, typer.Option(help="The file to write: .csv, .parquet or .npz.")],
    top: Annotated[
        int | None, typer.Option(min=1, help="Write the highest scores of a note alone (not to .npz).")
    ] = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write scores as a long table (note_id, code, system, score), or as arrays of numpy.

    Example: `clem scores export runs/demo/scores/test.parquet --out scores.csv --top 20`
    """
    with terminal(json=json, quiet=quiet, debug=debug) as own:
        from clem_icd.files import check_free
        from clem_icd.scores import Scores, export_scores

        check_free(out, force=force)
        read = Scores.read(file)
        count = export_scores(read, out, top=top, force=force)
        value = {"out": str(out), "notes": len(read.note_ids), "labels": len(read.labels), "scores": count}
        own.result(value, lambda console: console.print(f"Wrote {count:,} scores to {out}", markup=False))
