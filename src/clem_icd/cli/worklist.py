"""clem worklist: encounters in and decisions out."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from clem_icd.cli.options import Force
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.title_search import ModelOrSystem, NotesLanguage, open_system, searched_system
from clem_icd.cli.verb import changed_options, help_text, verb
from clem_icd.errors import InputError
from clem_icd.extras import optional

if TYPE_CHECKING:
    from rich.console import Console

    from clem_icd.errors import NoteError
    from clem_icd.serving.exchange.arriving import Arriving

worklist = typer.Typer(
    help=help_text(
        "Import encounters to review, and export what was decided.\n\n"
        "Example: `clem worklist import review.db notes runs/demo/model`"
    ),
    short_help="Import encounters to review, and export what was decided.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

SOME_FAILED = 3
"""The exit code if some encounters could not be imported, and the others were."""

Database = Annotated[
    str, typer.Argument(help="The SQLite file of the review, or the URL of its PostgreSQL database.")
]

_NEEDED_BY = "A work list"


@dataclass(frozen=True)
class _Columns:
    """Columns of a table."""

    encounter_id: Annotated[str, typer.Option(help="Column with the encounter of a document.")] = (
        "encounter_id"
    )
    note_id: Annotated[str, typer.Option(help="Column with the name of a document.")] = "note_id"
    text: Annotated[str, typer.Option(help="Column with the text of a document.")] = "text"
    kind: Annotated[str | None, typer.Option(help="Column with the kind of a document.")] = None


@worklist.command("import")
@verb()
def import_(
    terminal: Terminal,
    database: Database,
    source: Annotated[
        Path,
        typer.Argument(
            help="A folder of text files (each is an encounter, and so is each subfolder with some), a table "
            "(csv, tsv, jsonl or parquet), or a corpus."
        ),
    ],
    model: ModelOrSystem,
    columns: _Columns,
    split: Annotated[str, typer.Option(help="The split of a corpus.")] = "test",
    language: NotesLanguage = None,
    top: Annotated[int, typer.Option(min=1, help="Codes to suggest at least for each document.")] = 15,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Import only the first encounters, this many. Default: all.")
    ] = None,
) -> None:
    """Suggest codes for encounters, and put them on the work list.

    An encounter that is on the list already, or of which no document can be read, is named and left out; the
    exit code is then 3.

    Example: `clem worklist import review.db runs/demo-corpus runs/demo/model --split test`
    """
    optional("sqlalchemy", _NEEDED_BY)
    from clem_icd.serving import ServedModel
    from clem_icd.serving.exchange.importing import import_encounters
    from clem_icd.serving.store.database import open_store

    searched = searched_system(model, terminal.say)
    arriving = _arriving(source, columns, split)[:limit]
    served = ServedModel.open(str(model), lambda: open_system(model, searched, language))
    with open_store(database) as store:
        terminal.begin("Coding encounters", len(arriving))
        done = import_encounters(
            store,
            arriving,
            served,
            actor=f"{getpass.getuser()} (command line)",
            top=top,
            progress=terminal.advance,
        )
    _warn(terminal, done.problems)
    terminal.result(
        {"imported": done.encounters, "documents": done.documents, "problems": list(map(str, done.problems))},
        lambda console: console.print(
            f"Put {done.encounters:,} encounters with {done.documents:,} documents on the work list.",
            markup=False,
        ),
    )
    if done.problems:
        raise typer.Exit(SOME_FAILED)


@worklist.command()
@verb()
def export(
    terminal: Terminal,
    database: Database,
    out: Annotated[Path, typer.Option(help="Output: a folder for a corpus, a file otherwise.")],
    format: Annotated[
        Literal["corpus", "csv", "fhir", "label-studio"],
        typer.Option(
            help="A corpus for training, a table or FHIR R4 Bundle without note text, or Label Studio tasks."
        ),
    ] = "csv",
    split: Annotated[str, typer.Option(help="The split of a corpus.")] = "train",
    force: Force = False,
) -> None:
    """Write what coders decided on submitted encounters.

    Example: `clem worklist export review.db --format corpus --out runs/reviewed`
    """
    optional("sqlalchemy", _NEEDED_BY)
    from clem_icd.serving.exchange.confirmed import write_fhir
    from clem_icd.serving.exchange.decided import write_corpus, write_label_studio, write_table
    from clem_icd.serving.store.database import open_store

    with open_store(database, create=False) as store:
        if format == "corpus":
            count, what = write_corpus(store, out, split=split, force=force), "notes"
        elif format == "csv":
            count, what = write_table(store, out, force=force), "judged codes"
        elif format == "fhir":
            count, what = write_fhir(store, out, force=force), "confirmed codes"
        else:
            count, what = write_label_studio(store, out, force=force), "tasks"

    def show(console: Console) -> None:
        console.print(f"Wrote {count:,} {what} to {out}", markup=False)

    terminal.result({"out": str(out), "format": format, "count": count}, show)


def _arriving(source: Path, columns: _Columns, split: str) -> list[Arriving]:
    from clem_icd.corpus import Corpus
    from clem_icd.serving.exchange.arriving import (
        encounters_in_corpus,
        encounters_in_folder,
        encounters_in_table,
    )

    if source.is_file():
        return encounters_in_table(
            source,
            encounter=columns.encounter_id,
            note_id=columns.note_id,
            text=columns.text,
            kind=columns.kind,
        )
    if ignored := changed_options(columns):
        raise InputError(f"{ignored[0]} needs a table", remedy="Name a table, or leave the option out")
    if (source / "corpus.json").is_file():
        return list(encounters_in_corpus(Corpus.open(source), split))
    if not source.is_dir():
        raise InputError("there is no such file or folder", path=source, remedy="Check the path")
    return list(encounters_in_folder(source))


def _warn(terminal: Terminal, problems: Iterable[InputError | NoteError]) -> None:
    for problem in problems:
        terminal.warn(str(problem))
