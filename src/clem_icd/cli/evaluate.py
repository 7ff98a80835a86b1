"""clem evaluate: metrics of scores on a split."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from clem_icd.cli.tables import new_table
from clem_icd.cli.terminal import Debug, Force, Json, Quiet, terminal


def evaluate(
    corpus: Annotated[Path, typer.Option(help="A corpus folder.")],
    scores: Annotated[Path, typer.Option(help="A scores file.")],
    out: Annotated[Path, typer.Option(help="The metrics file to write (json).")],
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    model: Annotated[Path | None, typer.Option(help="Decide by the threshold of this model.")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Decide where a score is greater than this.")
    ] = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Judge scores against the codes of a split.

    Example: `clem evaluate --corpus CORPUS --scores scores.parquet --model RUN/model --out metrics.json`
    """
    with terminal(json=json, quiet=quiet, debug=debug) as own:
        from clem_icd.corpus import Corpus
        from clem_icd.evaluation import metrics_document
        from clem_icd.files import check_free, write_json
        from clem_icd.prediction import Scores, threshold_for

        check_free(out, force=force)
        opened = Corpus.open(corpus)
        read = Scores.read(scores)
        limit = threshold_for(read, model=model, given=threshold)
        document = metrics_document(
            opened.targets(split),
            read.of(opened, split),
            threshold=limit,
            threshold_source="given" if model is None else "model",
            corpus=opened.about,
            split=split,
            system=str(read.about.get("system", "unknown")),
            train_counts=opened.train_counts(),
            warnings=read.warnings,
        )
        write_json(out, document)
        own.result(document, lambda console: show_metrics(console, document, str(out)))


_SHOWN = (
    "micro_f1",
    "micro_precision",
    "micro_recall",
    "macro_f1_all_labels",
    "macro_f1_split_labels",
    "macro_f1_caml",
    "precision_at_5",
    "precision_at_8",
    "precision_at_15",
    "map",
)


def show_metrics(console: Console, document: dict[str, Any], where: str) -> None:
    """Print the metrics that most tables of the field show, with their definitions by name."""
    corpus = document["corpus"]
    kind = ", synthetic" if corpus.get("synthetic") else ""
    title = f"{document['system']} on {corpus['name']}{kind}, {document['split']}"
    table = new_table("metric", "value", title=title)
    for name in _SHOWN:
        table.add_row(document["definitions"][name]["title"], f"{document['metrics'][name]:.4f}")
    console.print(table)
    console.print(
        f"{document['notes']:,} notes, {document['labels']:,} labels, threshold {document['threshold']:.4f}. "
        f"All metrics with their definitions: {where}",
        markup=False,
    )
    for line in document["warnings"]:
        console.print(f"Warning: {line}", markup=False)
