"""Options that name new notes: text files, folders, or the records of a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from clem_icd.cli.verb import changed_options
from clem_icd.errors import InputError

SOME_FAILED = 3
"""The exit code if some notes could not be read, and the others were."""


@dataclass(frozen=True)
class NotesTable:
    """Options of a table of notes."""

    table: Annotated[
        Path | None,
        typer.Option(help="Read every record of a table (csv, tsv, jsonl or parquet) in place of files."),
    ] = None
    text: Annotated[str, typer.Option(help="Column of the notes in --table.")] = "text"
    note_id: Annotated[str, typer.Option(help="Column of the note ids in --table.")] = "note_id"

    def require_single_source(self, notes: list[str] | None) -> None:
        """Refuse files beside a table, and options of a table without one.

        Raises
        ------
        InputError
            If there are any.

        """
        if self.table is not None and notes:
            raise InputError("got files and a table, expected one of them", remedy="Leave out one of them")
        if self.table is None and (ignored := changed_options(self)):
            raise InputError(f"{ignored[0]} needs --table", remedy="Name the table, or leave the option out")

    @property
    def advice(self) -> tuple[str, ...]:
        """The options that a remedy for a note may name."""
        return ("--encoding", "--table") if self.table is None else ("--encoding",)


def left_out(names: list[str]) -> Iterator[str]:
    """Yield a line for every folder with files that are not read."""
    from clem_icd.sources.uncoded_notes import is_folder
    from clem_icd.texts import has_notes, other_files

    for folder in map(Path, filter(is_folder, names)):
        if has_notes(folder) and (others := other_files(folder)):
            listed = ", ".join(f"{count:,} {suffix}" for suffix, count in others.items())
            yield f"{folder}: only *.txt are read; left out: {listed}"
