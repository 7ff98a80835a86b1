"""clem explain: the words of a note behind its codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from clem_icd.cli.evidence_options import HowExplained
from clem_icd.cli.explain_note import OneNote, explain_note
from clem_icd.cli.explain_split import WholeSplit, explain_split
from clem_icd.cli.options import Precision
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.title_search import (
    ModelOrSystem,
    NotesLanguage,
    check_options,
    open_system,
    searched_system,
)
from clem_icd.cli.verb import changed_options, verb
from clem_icd.errors import InputError

if TYPE_CHECKING:
    from clem_icd.explanation import Explainer


@verb()
def explain(
    terminal: Terminal,
    model: ModelOrSystem,
    note: Annotated[
        str | None,
        typer.Argument(metavar="NOTE.txt", help="A text file with one note, or - for standard input."),
    ] = None,
    *,
    one: OneNote,
    how: HowExplained,
    many: WholeSplit,
    language: NotesLanguage = None,
    precision: Precision = "fp32",
    force: Annotated[
        bool, typer.Option("--force", help="Replace an existing --html or --out instead of refusing it.")
    ] = False,
) -> None:
    """Show which words of a note moved the score of each code.

    It prints the text of the note, and --html writes it to a page; --json and --out have offsets only.

    Example: `clem explain runs/demo/model note.txt --html note.html`
    """
    from clem_icd.files import check_free

    _check_one_kind(note, one, many)
    searched = searched_system(model, terminal.say)
    check_options(searched, language=language, useless={"--threshold": one.threshold})
    for out in (one.html, many.out):
        if out is not None:
            check_free(out, force=force)
    how.require(evidence=True)

    def load() -> Explainer:
        opened = open_system(model, searched, language, precision=precision, say=terminal.say)
        return how.explainer(*opened)

    if many.corpus is None:
        explain_note(terminal, note or "-", one, searched, load)
    else:
        explain_split(terminal, many, searched, load, force=force)


def _check_one_kind(note: str | None, one: OneNote, many: WholeSplit) -> None:
    """Refuse a note together with a corpus, and options of the one for the other."""
    if many.corpus is None:
        if ignored := changed_options(many):
            raise InputError(
                f"{ignored[0]} needs --corpus", remedy="Name the corpus, or leave the option out"
            )
        if one.code and one.top:
            raise InputError("got --code and --top, expected one of them", remedy="Leave out one of them")
        return
    if note is not None:
        raise InputError("got a note and a corpus, expected one of them", remedy="Leave out one of them")
    if ignored := changed_options(one):
        raise InputError(f"{ignored[0]} is for a single note, not for a corpus", remedy="Leave it out")
