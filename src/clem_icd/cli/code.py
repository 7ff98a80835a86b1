"""clem code: codes for notes that nobody has coded."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from clem_icd.cli.tabulation import new_table
from clem_icd.cli.terminal import Debug, Json, Quiet, hush_transformers, terminal

if TYPE_CHECKING:
    from clem_icd.prediction import Coding


def code(
    model: Annotated[Path, typer.Argument(help="A model folder.")],
    notes: Annotated[
        list[str] | None, typer.Argument(metavar="NOTE.txt", help="Text files, or - for standard input.")
    ] = None,
    top: Annotated[int, typer.Option(min=0, help="Show at least this many codes a note.")] = 15,
    threshold: Annotated[
        float | None, typer.Option(help="Decide where a probability is greater. Default: as the model does.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Suggest codes for notes.

    Example: `clem code runs/demo/model note.txt`
    """
    with terminal(json=json, quiet=quiet, debug=debug) as own:
        from clem_icd.corpus import decode_note, read_note
        from clem_icd.decisions import single_threshold
        from clem_icd.prediction import Coder

        names = notes or ["-"]
        texts = [
            decode_note(sys.stdin.buffer.read(), "standard input") if name == "-" else read_note(Path(name))
            for name in names
        ]
        hush_transformers()
        coder = Coder.load(model, threshold=threshold)
        codings = list(coder.code_all(texts, top=top))
        for name, coding in zip(names, codings, strict=True):
            if coding.truncated:
                own.say(
                    f"Note: {name} has {coding.tokens:,} tokens; the first {coding.tokens_read:,} were read"
                )
        value = {
            "threshold": single_threshold(coder.rule),
            "decided": coder.rule.describe(),
            "notes": [_as_json(name, coding) for name, coding in zip(names, codings, strict=True)],
        }
        own.result(value, lambda console: _show(console, names, codings, coder.rule.describe()))


def _as_json(name: str, coding: Coding) -> dict[str, Any]:
    return {
        "note": name,
        "tokens": coding.tokens,
        "tokens_read": coding.tokens_read,
        "suggestions": [asdict(suggestion) for suggestion in coding.suggestions],
    }


def _show(console: Console, names: list[str], codings: list[Coding], decided: str) -> None:
    for name, coding in zip(names, codings, strict=True):
        table = new_table("code", "title", "probability", "decided", title=name, text=("title", "decided"))
        for suggestion in coding.suggestions:
            style = "bold" if suggestion.decided else "dim"
            table.add_row(
                suggestion.code,
                # Titles hold square brackets, which are markup to rich.
                Text(suggestion.title or "(no title known)"),
                f"{suggestion.probability:.3f}",
                "yes" if suggestion.decided else "",
                style=style,
            )
        console.print(table)
    console.print(f"A code is assigned {decided}. A coder has the last word.", markup=False)
