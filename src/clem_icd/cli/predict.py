"""clem predict: scores for a split of a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from clem_icd.cli.terminal import Debug, Force, Json, Quiet, hush_transformers, terminal


def predict(
    model: Annotated[Path, typer.Argument(help="A model folder.")],
    corpus: Annotated[Path, typer.Option(help="A corpus folder.")],
    out: Annotated[Path, typer.Option(help="The scores file to write (parquet).")],
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Score every note of a split of a corpus.

    Example: `clem predict runs/demo/model --corpus runs/demo-corpus --split test --out scores.parquet`
    """
    with terminal(json=json, quiet=quiet, debug=debug) as own:
        from clem_icd.corpus import Corpus
        from clem_icd.files import check_free
        from clem_icd.modeling import load_model
        from clem_icd.prediction import predict_split

        hush_transformers()
        check_free(out, force=force)
        opened = Corpus.open(corpus)
        notes = opened.size(split)
        system, info = load_model(model)
        own.begin(f"Scoring {split}", notes)
        warnings = predict_split(system, info, opened, split, out, force=force, progress=own.advance)
        labels = len(info.labels)

        def show(console: Console) -> None:
            console.print(f"Wrote the scores of {notes:,} notes for {labels:,} labels to {out}", markup=False)
            for line in warnings:
                console.print(f"Warning: {line}", markup=False)

        value = {"scores": str(out), "split": split, "notes": notes, "labels": labels}
        own.result({**value, "warnings": list(warnings)}, show)
