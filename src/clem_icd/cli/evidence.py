"""clem evidence: scores of evidence for codes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clem_icd.cli.options import Force, Split
from clem_icd.cli.tabulation import corpus_title, new_table
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import help_text, verb

evidence = typer.Typer(
    help=help_text(
        "Evaluate evidence for codes.\n\nExample: `clem evidence score --corpus C --evidence E --out OUT`"
    ),
    short_help="Evaluate evidence for codes.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

if TYPE_CHECKING:
    from rich.console import Console

_MATCHES = {
    "span": "span",
    "span_text": "text of a span",
    "token": "word in its place",
    "token_text": "word",
}


@evidence.command()
@verb()
def score(
    terminal: Terminal,
    corpus: Annotated[Path, typer.Option(help="A corpus folder whose notes have evidence.")],
    evidence: Annotated[Path, typer.Option(help="Evidence file of a system (parquet).")],
    out: Annotated[Path, typer.Option(help="Output file (JSON).")],
    split: Split = "test",
    trim: Annotated[
        bool, typer.Option("--trim", help="First strip punctuation and blanks from the ends of spans.")
    ] = False,
    merge_adjacent: Annotated[
        bool,
        typer.Option(
            "--merge-adjacent",
            help="First join spans of a code that only punctuation and blanks separate.",
        ),
    ] = False,
    force: Force = False,
) -> None:
    """Evaluate a system's evidence against the gold evidence of a corpus, with the scores of MDACE.

    Example: `clem evidence score --corpus CORPUS --evidence evidence.parquet --trim --out scores.json`
    """
    from clem_icd.corpus import Corpus
    from clem_icd.evidence import evidence_document, read_evidence
    from clem_icd.files import check_free, write_json

    check_free(out, force=force)
    predicted = read_evidence(evidence)
    opened = Corpus.open(corpus)
    document = evidence_document(opened, split, predicted, trimmed=trim, merged=merge_adjacent)
    write_json(out, document)
    terminal.result(document, lambda console: _show(console, document, out))


def _show(console: Console, document: dict[str, Any], where: Path) -> None:
    title = f"Evidence on {corpus_title(document['corpus'])}, {document['split']}"
    table = new_table("same", "gold", "predicted", "both", "precision", "recall", "F1", title=title)
    for match, counts in document["counts"].items():
        both = counts["true_positives"]
        numbers = (both + counts["false_negatives"], both + counts["false_positives"], both)
        values = (document["metrics"][f"evidence_{match}_{name}"] for name in ("precision", "recall", "f1"))
        table.add_row(_MATCHES[match], *(f"{n:,}" for n in numbers), *(f"{value:.3f}" for value in values))
    console.print(table)
    console.print(
        f"{document['notes']:,} notes have gold evidence. Left out: {document['notes_without_evidence']:,} "
        f"notes without any, and {document['predicted_spans_left_out']:,} spans predicted for other notes. "
        f"Definitions: {where}",
        markup=False,
    )
