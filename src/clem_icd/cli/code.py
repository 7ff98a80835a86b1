"""clem code: codes for new notes."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clem_icd.cli.options import ModelFolder
from clem_icd.cli.tabulation import new_table, plain
from clem_icd.cli.terminal import Terminal, silence_transformers
from clem_icd.cli.verb import verb

if TYPE_CHECKING:
    from rich.console import Console

    from clem_icd.prediction import Coding


@verb()
def code(
    terminal: Terminal,
    model: ModelFolder,
    notes: Annotated[
        list[str] | None, typer.Argument(metavar="NOTE.txt", help="Text files, or - for standard input.")
    ] = None,
    top: Annotated[int, typer.Option(min=0, help="Show at least this many codes per note.")] = 15,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Assign every code whose probability exceeds this. Default: the rule of the model."
        ),
    ] = None,
) -> None:
    """Suggest codes for notes.

    Example: `clem code runs/demo/model note.txt`
    """
    from clem_icd.corpus import decode_note, read_note
    from clem_icd.decisions import single_threshold
    from clem_icd.prediction import Coder

    names = notes or ["-"]
    texts = [
        decode_note(sys.stdin.buffer.read(), "standard input") if name == "-" else read_note(Path(name))
        for name in names
    ]
    silence_transformers()
    coder = Coder.load(model, threshold=threshold)
    codings = list(zip(names, coder.code_all(texts, top=top), strict=True))
    for name, coding in codings:
        if coding.truncated:
            terminal.say(
                f"{name} has {coding.tokens:,} tokens; only the first {coding.tokens_read:,} were read"
            )
    decided = coder.rule.describe()
    value = {
        "threshold": single_threshold(coder.rule),
        "decided": decided,
        "notes": [_as_json(name, coding) for name, coding in codings],
    }
    terminal.result(value, lambda console: _show(console, codings, decided))


def _as_json(name: str, coding: Coding) -> dict[str, Any]:
    return {
        "note": name,
        "tokens": coding.tokens,
        "tokens_read": coding.tokens_read,
        "suggestions": [asdict(suggestion) for suggestion in coding.suggestions],
    }


def _show(console: Console, codings: list[tuple[str, Coding]], decided: str) -> None:
    for position, (name, coding) in enumerate(codings):
        if position:
            console.print()
        table = new_table("code", "title", "probability", "assigned", title=name, text=("title", "assigned"))
        for suggestion in coding.suggestions:
            table.add_row(
                suggestion.code,
                plain(suggestion.title or "(no title known)"),
                f"{suggestion.probability:.3f}",
                "yes" if suggestion.decided else "",
                style="bold" if suggestion.decided else "dim",
            )
        console.print(table)
    console.print(f"A code is assigned {decided}. The coder decides.", markup=False)
