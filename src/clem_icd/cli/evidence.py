"""clem evidence: how good the evidence for codes is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from clem_icd.cli.tabulation import new_table
from clem_icd.cli.terminal import Debug, Force, Json, Quiet, terminal

evidence = typer.Typer(
    help="Judge evidence for codes. Example: `clem evidence score --corpus C --evidence E --out OUT`",
    no_args_is_help=True,
)


@evidence.command()
def score(
    corpus: Annotated[Path, typer.Option(help="A corpus folder whose notes have evidence.")],
    evidence: Annotated[Path, typer.Option(help="The evidence of a system (parquet).")],
    out: Annotated[Path, typer.Option(help="The file of scores to write (json).")],
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    trim: Annotated[
        bool, typer.Option("--trim", help="Take punctuation and blanks off the ends of spans first.")
    ] = False,
    merge_adjacent: Annotated[
        bool,
        typer.Option(
            "--merge-adjacent",
            help="Join spans of a code with only punctuation and blanks between them first.",
        ),
    ] = False,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Judge evidence against that of a corpus, by the scores of MDACE.

    Example: `clem evidence score --corpus CORPUS --evidence evidence.parquet --trim --out scores.json`
    """
    with terminal(json=json, quiet=quiet, debug=debug) as own:
        from clem_icd.corpus import Corpus
        from clem_icd.evidence import evidence_document, read_evidence
        from clem_icd.files import check_free, write_json

        check_free(out, force=force)
        predicted = read_evidence(evidence)
        opened = Corpus.open(corpus)
        document = evidence_document(opened, split, predicted, trimmed=trim, merged=merge_adjacent)
        write_json(out, document)
        own.result(document, lambda console: show_scores(console, document, str(out)))


def show_scores(console: Console, document: dict[str, Any], where: str) -> None:
    """Print the scores with the counts that they are made of."""
    corpus = document["corpus"]
    kind = ", synthetic" if corpus.get("synthetic") else ""
    table = new_table(
        "same",
        "gold",
        "predicted",
        "both",
        "precision",
        "recall",
        "F1",
        title=f"Evidence on {corpus['name']}{kind}, {document['split']}",
    )
    titles = {
        "span": "span",
        "span_text": "text of a span",
        "token": "word in its place",
        "token_text": "word",
    }
    for match, counts in document["counts"].items():
        both = counts["true_positives"]
        numbers = (both + counts["false_negatives"], both + counts["false_positives"], both)
        values = (document["metrics"][f"evidence_{match}_{name}"] for name in ("precision", "recall", "f1"))
        table.add_row(titles[match], *(f"{n:,}" for n in numbers), *(f"{value:.3f}" for value in values))
    console.print(table)
    console.print(
        f"{document['notes']:,} notes have evidence. {document['notes_without_evidence']:,} without, and "
        f"{document['predicted_spans_left_out']:,} spans that are not for the former, were left out. "
        f"Definitions: {where}",
        markup=False,
    )
