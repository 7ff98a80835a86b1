"""clem export: a model for programs without PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from clem_icd.cli.options import ModelFolder, Split
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import verb

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from clem_icd.prediction import Parity

_MEGABYTE = 1_000_000


@verb()
def export(
    terminal: Terminal,
    model: ModelFolder,
    onnx: Annotated[Path, typer.Option(help="Folder to write: model.onnx, tokenizer.json and coding.json.")],
    precision: Annotated[
        Literal["fp32", "int8"],
        typer.Option(
            help="fp32: the probabilities of the model. int8: a quarter of the size and faster, with "
            "probabilities that differ a little."
        ),
    ] = "fp32",
    check_on: Annotated[
        Path | None,
        typer.Option(
            help="Compare the probabilities on notes of this corpus, this text file, or this folder of text "
            "files. Default: six synthetic notes."
        ),
    ] = None,
    split: Split = "validation",
    notes: Annotated[
        int, typer.Option(min=1, help="With --check-on: how many notes, of lengths spread over the split.")
    ] = 16,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an existing folder instead of refusing it.")
    ] = False,
) -> None:
    """Write a neural model as an ONNX graph, which codes notes without PyTorch.

    The probabilities of the graph are compared with those of the model. In fp32, nothing is written if one
    differs by more than 0.0001; in int8, the difference is reported.

    Example: `clem export runs/demo/model --onnx exported --check-on runs/demo-corpus`
    """
    from clem_icd.prediction import export_model, notes_to_check
    from clem_icd.prediction.exporting import require_exportable

    info = require_exportable(model, onnx, force=force)
    texts = notes_to_check(info, check_on, split=split, notes=notes)

    def progress(task: str, total: int | None) -> Callable[[int], Any]:
        terminal.begin(task, total)
        return terminal.advance

    done = export_model(model, onnx, texts, precision=precision, force=force, progress=progress)
    terminal.finish()

    def show(console: Console) -> None:
        size = sum(done.files.values()) / _MEGABYTE
        console.print(f"Wrote the model in {precision} to {onnx} ({size:,.1f} MB)", markup=False)
        console.print(_about(done.parity, check_on), markup=False)
        console.print(
            f"Code notes without PyTorch: python examples/onnx_coding.py {onnx} NOTE.txt", markup=False
        )

    value = {"folder": str(onnx), "precision": precision, "labels": done.labels, "files": done.files}
    terminal.result({**value, "check": done.parity.as_json()}, show)


def _about(parity: Parity, check_on: Path | None) -> str:
    """Say how far the probabilities are from those of the model."""
    count = "1 note" if parity.notes == 1 else f"{parity.notes:,} notes"
    kind = "synthetic " if check_on is None else ""
    return (
        f"On {count.replace(' ', f' {kind}', 1)} of {parity.shortest:,} to {parity.longest:,} tokens, "
        f"probabilities differ from the model's by at most {parity.largest_difference:.2g}, and "
        f"{parity.decisions_differing:,} of {parity.decisions:,} decisions differ"
    )
