"""clem audit: the record of a review."""

from __future__ import annotations

import getpass
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import help_text, verb
from clem_icd.errors import InputError
from clem_icd.extras import optional

if TYPE_CHECKING:
    from rich.console import Console

audit = typer.Typer(
    help=help_text("Check or shorten the record of a review.\n\nExample: `clem audit verify review.db`"),
    short_help="Check or shorten the record of a review.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

BROKEN = 1
"""The exit code if the record was changed."""

Database = Annotated[
    str, typer.Argument(help="The SQLite file of the review, or the URL of its PostgreSQL database.")
]

_NEEDED_BY = "The record of a review"

_UNITS = {"d": 1, "w": 7, "y": 365}


@audit.command()
@verb()
def verify(
    terminal: Terminal,
    database: Database,
    known_hash: Annotated[
        str | None,
        typer.Option(
            help="A last hash that this command printed before: the record has to contain it still."
        ),
    ] = None,
) -> None:
    """Find any change or deletion in the record of a review.

    Keep the last hash where those who can write to the database cannot write. The exit code is 1 if the
    record was changed.

    Example: `clem audit verify review.db --known-hash 4f0c…`
    """
    optional("sqlalchemy", _NEEDED_BY)
    from clem_icd.serving.store.chain import verify as verify_chain
    from clem_icd.serving.store.database import open_store

    with open_store(database, create=False) as store, store.reading() as connection:
        found = verify_chain(connection, known_hash=known_hash)

    def show(console: Console) -> None:
        count = found.last - found.first + 1
        if found.problem:
            console.print(f"The record was changed: {found.problem}.", style="bold", markup=False)
        elif count:
            console.print(f"The record is whole: events {found.first:,} to {found.last:,}.", markup=False)
        else:
            console.print("The record is empty.", markup=False)
        console.print(f"Last hash: {found.last_hash}", markup=False, soft_wrap=True)

    terminal.result(
        {
            "whole": found.problem is None,
            "problem": found.problem,
            "first": found.first,
            "last": found.last,
            "last_hash": found.last_hash,
        },
        show,
    )
    if found.problem:
        raise typer.Exit(BROKEN)


@audit.command()
@verb()
def purge(
    terminal: Terminal,
    database: Database,
    older_than: Annotated[str, typer.Option(help="Age: a number with d, w or y, such as 90d or 6y.")],
) -> None:
    """Delete submitted encounters, with their documents, and events that are older than some age.

    The purge is on record itself, and the rest of the record can still be verified. In the United States,
    this documentation has to be kept for six years (45 CFR 164.316).

    Example: `clem audit purge review.db --older-than 6y`
    """
    optional("sqlalchemy", _NEEDED_BY)
    from clem_icd.serving.store.database import open_store
    from clem_icd.serving.store.purging import purge as purge_store

    age = _age(older_than)
    with open_store(database, create=False) as store, store.writing() as connection:
        gone = purge_store(connection, age, actor=f"{getpass.getuser()} (command line)")
    terminal.result(
        {"encounters": gone.encounters, "events": gone.events},
        lambda console: console.print(
            f"Deleted {gone.encounters:,} encounters and {gone.events:,} events.", markup=False
        ),
    )


def _age(text: str) -> timedelta:
    match = re.fullmatch(r"([0-9]{1,5})([dwy])", text)
    if match is None or not int(match[1]):
        raise InputError(
            f"--older-than is {text!r}, expected a number of days, weeks or years",
            remedy="Write it as 90d, 12w or 6y",
        )
    return timedelta(days=int(match[1]) * _UNITS[match[2]])
