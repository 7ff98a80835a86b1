"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from clem_icd.errors import ClemError, NoteError

CorpusFolder = Annotated[Path, typer.Option("--corpus", help="A corpus folder.")]
ModelFolder = Annotated[Path, typer.Argument(help="A model folder.")]
Split = Annotated[str, typer.Option(help="train, validation or test.")]
Encoding = Annotated[str, typer.Option(help="Encoding of text files; UTF-16 is recognised.")]
WrappedNotes = Annotated[
    Literal["convert", "keep", "refuse"],
    typer.Option(
        "--wrapped",
        help="What to do with a note in HTML, HL7, base64 and the like: convert it to plain text and say so, "
        "keep it as it is, or refuse it.",
    ),
]
NotesCues = Annotated[
    Literal["en", "es"] | None,
    typer.Option(
        "--language",
        help="Language of the notes, for negation and other cues. Default: that of the corpus.",
    ),
]
Precision = Annotated[
    Literal["fp32", "bf16", "int8", "auto"],
    typer.Option(
        "--precision",
        help="Precision in which a neural model scores notes. bf16 and int8 are faster on some CPUs, and "
        "change probabilities a little; auto takes the fastest one that `clem precision` has found to leave "
        "F1 as it is, and says which.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing --out instead of refusing it.")]
JsonOut = Annotated[
    Path | None, typer.Option("--out", help="Also write the whole result to this file (JSON).")
]
RuleModel = Annotated[Path | None, typer.Option("--model", help="Decide by the rule of this model.")]
GivenThreshold = Annotated[
    float | None, typer.Option("--threshold", help="Assign every code whose score exceeds this.")
]

# What remedies say to readers of every kind, and what to type where a verb has such an option.
_ADVICE = {
    "--encoding": ("name its encoding", "name its encoding with --encoding"),
    "--table": ("ame it as a table", "ame it with --table"),
}


def with_options(problem: NoteError, options: tuple[str, ...]) -> NoteError:
    """Return the error of a note with a remedy that names the options of a verb."""
    return NoteError(
        problem.found, path=problem.path, row=problem.row, remedy=_in_options(problem.remedy, options)
    )


@contextmanager
def naming_options(*options: str) -> Iterator[None]:
    """Let the remedies of errors name the options of a verb."""
    try:
        yield
    except ClemError as error:
        remedy = _in_options(error.remedy, options)
        if remedy == error.remedy:
            raise
        raise type(error)(error.found, path=error.path, row=error.row, remedy=remedy) from None


def _in_options(remedy: str | None, options: tuple[str, ...]) -> str | None:
    for option in options:
        neutral, named = _ADVICE[option]
        remedy = remedy and remedy.replace(neutral, named)
    return remedy
