"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

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
Force = Annotated[bool, typer.Option("--force", help="Replace an existing --out instead of refusing it.")]
JsonOut = Annotated[
    Path | None, typer.Option("--out", help="Also write the whole result to this file (JSON).")
]
RuleModel = Annotated[Path | None, typer.Option("--model", help="Decide by the rule of this model.")]
GivenThreshold = Annotated[
    float | None, typer.Option("--threshold", help="Assign every code whose score exceeds this.")
]
