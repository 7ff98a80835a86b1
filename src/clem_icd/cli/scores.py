"""clem scores: import the scores of other systems, export, restrict or average scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from clem_icd.cli.options import CorpusFolder, Encoding, Force, Split
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import help_text, verb

scores = typer.Typer(
    help=help_text(
        "Import the scores of another system; export, restrict or average scores.\n\n"
        "Example: `clem scores import THEIRS.csv --corpus CORPUS --out scores.parquet`"
    ),
    short_help="Import the scores of another system; export, restrict or average scores.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

if TYPE_CHECKING:
    from rich.console import Console

    from clem_icd.scores import Scores

Format = Literal[
    "auto", "long", "wide", "lists", "npz", "json", "codiesp", "edin2023", "edin2024", "caml", "mdace"
]


@scores.command("import")
@verb()
def import_(
    terminal: Terminal,
    file: Annotated[Path, typer.Argument(help="File that the other system wrote.")],
    corpus: CorpusFolder,
    out: Annotated[Path, typer.Option(help="Output scores file (parquet).")],
    split: Split = "test",
    format: Annotated[
        Format,
        typer.Option(
            help="long: one row per note and code; score optional. wide: one column per code. lists: all "
            "codes of a note in one cell. npz: arrays. json: lists by note. codiesp: a submission. Or files "
            "of Edin et al., CAML, MDACE. Default: guessed from the file's name and columns."
        ),
    ] = "auto",
    labels: Annotated[
        Path | None,
        typer.Option(help="File with every code that the system can assign; the columns of an npz file."),
    ] = None,
    note_id_column: Annotated[str, typer.Option(help="Column of the note ids.")] = "note_id",
    code_column: Annotated[str, typer.Option(help="Column of the codes.")] = "code",
    score_column: Annotated[
        str, typer.Option(help="Column of the scores. If it is missing, every code scores 1.")
    ] = "score",
    code_system_column: Annotated[
        str, typer.Option(help="Column of the code systems; may be missing.")
    ] = "system",
    by: Annotated[
        Literal["note_id", "admission_id"] | None,
        typer.Option(help="Kind of id that the file uses for notes. Default: the one that fits."),
    ] = None,
    encoding: Encoding = "utf-8",
    missing: Annotated[
        Literal["error", "zero"],
        typer.Option(help="For a note that is not in the file: refuse, or score every code 0."),
    ] = "error",
    unknown: Annotated[
        Literal["error", "drop"],
        typer.Option(help="For notes and codes that are not in the corpus: refuse, or drop them."),
    ] = "error",
    logits: Annotated[
        bool, typer.Option("--logits", help="Apply the sigmoid. Otherwise scores stay as they are.")
    ] = False,
    system: Annotated[
        str | None, typer.Option(help="Name of the system in reports. Default: the file's name.")
    ] = None,
    force: Force = False,
) -> None:
    """Convert another system's scores into a scores file.

    Anything that does not fit is refused, or counted and reported. `clem evaluate` reads the result.

    Example: `clem scores import predictions_test.feather --corpus CORPUS --split test --out scores.parquet`
    """
    from clem_icd.corpus import Corpus
    from clem_icd.scores.imports import FileOptions, ImportOptions, LongColumns, import_scores

    columns = LongColumns(note_id_column, code_column, score_column, code_system_column)
    reading = FileOptions(format=format, columns=columns, labels=labels, by=by, encoding=encoding)
    options = ImportOptions(reading, missing=missing, unknown=unknown, logits=logits, system=system)
    opened = Corpus.open(corpus)
    terminal.begin(f"Writing {split}", opened.size(split))
    found = import_scores(file, opened, split, out, options, force=force, progress=terminal.advance)

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
    terminal.result({**value, "warnings": found.warnings(), "imported": found.as_json()}, show)


@scores.command("export")
@verb()
def export(
    terminal: Terminal,
    file: Annotated[Path, typer.Argument(help="A scores file.")],
    out: Annotated[Path, typer.Option(help="Output file: .csv, .parquet or .npz.")],
    top: Annotated[
        int | None,
        typer.Option(
            min=1, help="Write only this many of the highest scores per note (not to .npz). Default: all."
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Write scores as a long table (note_id, code, system, score), or as numpy arrays.

    Example: `clem scores export runs/demo/scores/test.parquet --out scores.csv --top 20`
    """
    from clem_icd.files import check_free
    from clem_icd.scores import export_scores, open_scores

    check_free(out, force=force)
    read = open_scores(file)
    count = export_scores(read, out, top=top, force=force)
    value = {"out": str(out), "notes": len(read.note_ids), "labels": len(read.labels), "scores": count}
    terminal.result(value, lambda console: console.print(f"Wrote {count:,} scores to {out}", markup=False))


@scores.command("restrict")
@verb()
def restrict(
    terminal: Terminal,
    file: Annotated[Path, typer.Argument(help="A scores file of a system that ranks a whole code system.")],
    corpus: CorpusFolder,
    out: Annotated[Path, typer.Option(help="Output scores file (parquet).")],
    force: Force = False,
) -> None:
    """Keep only the scores of the labels of a corpus.

    A system that ranks a whole code system can then be compared with those that know only these labels.

    Example: `clem scores restrict scores.parquet --corpus CORPUS --out restricted.parquet`
    """
    from clem_icd.corpus import Corpus
    from clem_icd.errors import ScoresError
    from clem_icd.files import check_free
    from clem_icd.scores import RankedScores, corpus_labels, open_scores, write_scores

    check_free(out, force=force)
    read = open_scores(file)
    if not isinstance(read, RankedScores):
        raise ScoresError(
            "has a score for every label, expected scores that list the best codes of a code system",
            path=file,
            remedy="Use the file as it is",
        )
    kept = corpus_labels(read, Corpus.open(corpus))
    write_scores(out, kept.labels, zip(kept.note_ids, kept.values, strict=True), kept.about, force=force)
    _say_written(terminal, kept, out)


@scores.command("average")
@verb()
def average_(
    terminal: Terminal,
    files: Annotated[list[Path], typer.Argument(help="Scores files of the same notes and labels.")],
    out: Annotated[Path, typer.Option(help="Output scores file (parquet).")],
    weights: Annotated[
        str, typer.Option(help="A weight for each file, separated by commas. Default: all the same.")
    ] = "",
    force: Force = False,
) -> None:
    """Average the scores of several systems.

    Choose the decision rule anew: `clem evaluate --validation-scores` with averaged scores of validation.

    Example: `clem scores average lexicon.parquet neural.parquet --weights 0.8,0.2 --out both.parquet`
    """
    from clem_icd.errors import InputError
    from clem_icd.files import check_free
    from clem_icd.scores import Scores, average, write_scores

    check_free(out, force=force)
    try:
        shares = [float(part) for part in weights.split(",")] if weights else [1.0] * len(files)
    except ValueError:
        raise InputError(
            f"--weights is {weights!r}, expected numbers separated by commas",
            remedy="Write --weights 0.8,0.2",
        ) from None
    both = average([Scores.read(file) for file in files], shares)
    write_scores(out, both.labels, zip(both.note_ids, both.values, strict=True), both.about, force=force)
    _say_written(terminal, both, out)


def _say_written(terminal: Terminal, written: Scores, out: Path) -> None:
    notes, labels = written.values.shape

    def show(console: Console) -> None:
        console.print(f"Wrote the scores of {notes:,} notes for {labels:,} labels to {out}", markup=False)
        for line in written.warnings:
            console.print(f"Warning: {line}", markup=False)

    value = {"scores": str(out), "notes": notes, "labels": labels, "warnings": list(written.warnings)}
    terminal.result(value, show)
