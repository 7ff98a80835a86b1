"""clem convert-encoder: an encoder with pickled weights becomes one with safetensors."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clem_icd.cli.options import Force
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import verb

if TYPE_CHECKING:
    from rich.console import Console


@verb()
def convert_encoder(
    terminal: Terminal,
    folder: Annotated[
        Path,
        typer.Argument(help="Folder of an encoder: config.json, pytorch_model.bin and a tokenizer."),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    force: Force = False,
) -> None:
    """Convert pickled weights of an encoder to safetensors.

    A pickle can run code, so no other command reads one; this one reads only tensors, and runs nothing. The
    weights are checked against the config and written in single precision, with the tokenizer as
    tokenizer.json: `clem train … encoder=OUT`.

    Example: `clem convert-encoder RoBERTa-base-PM-M3-Voc-hf --out encoders/RoBERTa-base-PM-M3-Voc`
    """
    from clem_icd.modeling import convert_encoder as convert

    done = convert(folder, out, force=force)

    def show(console: Console) -> None:
        console.print(
            f"{done.model}, {done.parameters:,} parameters in {done.precision}, "
            f"{done.tokens:,} tokens: {out}",
            markup=False,
        )
        if done.left_out:
            console.print(
                f"Left out, since the model has no place for them: {', '.join(done.left_out)}", markup=False
            )
        console.print(f"Use it: clem train RECIPE --corpus CORPUS --out RUN encoder={out}", markup=False)

    terminal.result({"encoder": str(out), **asdict(done)}, show)
