"""clem evidence: evidence for codes, judged and in other formats; and the verb score."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clem_icd.cli.evidence_export import export
from clem_icd.cli.evidence_measure import measure
from clem_icd.cli.evidence_tune import tune
from clem_icd.cli.options import Force, NotesCues, Split
from clem_icd.cli.tabulation import corpus_title, new_table
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import help_text, verb

evidence = typer.Typer(
    help=help_text(
        "Evaluate, tune and export evidence for codes.\n\n"
        "Example: `clem evidence score --corpus C --evidence E --out OUT`"
    ),
    short_help="Evaluate, tune and export evidence for codes.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

evidence.command()(measure)
evidence.command()(tune)
evidence.command()(export)

if TYPE_CHECKING:
    from rich.console import Console

_MATCHES = {
    "span": "span",
    "span_text": "text of a span",
    "token": "word in place",
    "token_text": "word",
}


@evidence.command()
@verb()
def score(
    terminal: Terminal,
    corpus: Annotated[Path, typer.Option(help="A corpus folder whose notes have evidence.")],
    evidence: Annotated[
        Path,
        typer.Option(help="Evidence of a system: parquet, CodiEsp (.tsv), or a folder with files of MDACE."),
    ],
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
    language: NotesCues = None,
    resamples: Annotated[
        int, typer.Option(min=0, help="Resamples for the 95 % intervals; 0 leaves the intervals out.")
    ] = 1000,
    force: Force = False,
) -> None:
    """Evaluate a system's evidence against the gold evidence of a corpus.

    Example: `clem evidence score --corpus CORPUS --evidence evidence.parquet --trim --out scores.json`
    """
    from clem_icd.corpus import Corpus
    from clem_icd.evidence import evidence_document, read_evidence
    from clem_icd.files import check_free, write_json
    from clem_icd.tabular.sentences import counted

    check_free(out, force=force)
    predicted = read_evidence(evidence)
    opened = Corpus.open(corpus)
    if resamples:
        terminal.begin("Resampling", resamples)
    document = evidence_document(
        opened,
        split,
        predicted,
        trimmed=trim,
        merged=merge_adjacent,
        language=language,
        resamples=resamples,
        progress=terminal.advance,
    )
    write_json(out, document)
    if outside := document["predicted_notes_outside_corpus"]:
        terminal.warn(
            f"{counted(outside, 'note', 'notes')} with evidence missing from {corpus}: "
            f"{counted(document['predicted_spans_outside_corpus'], 'span is', 'spans are')} left out"
        )
    terminal.result(document, lambda console: _show(console, document, out))


def _show(console: Console, document: dict[str, Any], where: Path) -> None:
    from clem_icd.cues import CUE_KINDS
    from clem_icd.evidence import MATCH_CLASSES

    title = f"Evidence on {corpus_title(document['corpus'])}, {document['split']}"
    columns = ("same", "gold", "found", "both", "precision", "recall", "F1", "95 %")
    table = new_table(*columns, title=title)
    for match, counts in document["counts"].items():
        both = counts["true_positives"]
        numbers = (both + counts["false_negatives"], both + counts["false_positives"], both)
        values = (_value(document, f"{match}_{name}") for name in ("precision", "recall", "f1"))
        interval = _interval(document, f"{match}_f1")
        table.add_row(_MATCHES[match], *(f"{n:,}" for n in numbers), *values, interval)
    console.print(table)
    shares = new_table("match of the evidence for a code", "share", "95 %")
    for match in MATCH_CLASSES:
        shares.add_row(match, _value(document, f"match_{match}"), _interval(document, f"match_{match}"))
    console.print(shares)
    sides = new_table("spans", "predicted", "95 %", "gold")
    rows = {"overlap of two codes of a note": "label_overlap"}
    if f"evidence_cue_{CUE_KINDS[0]}" in document["metrics"]:
        rows |= {f"share {kind.replace('_', ' ')}": f"cue_{kind}" for kind in CUE_KINDS}
    for row, name in rows.items():
        gold = _value(document, f"gold_{name}")
        sides.add_row(row, _value(document, name), _interval(document, name), gold)
    console.print(sides)
    left_out = document["predicted_spans_left_out"] - document["predicted_spans_outside_corpus"]
    console.print(
        f"{document['notes']:,} notes have gold evidence. Left out: {document['notes_without_evidence']:,} "
        f"notes without any, and {left_out:,} spans predicted for other notes of the corpus. "
        f"Spans per code with any: {_value(document, 'spans_per_code')}. Definitions: {where}",
        markup=False,
    )


def _value(document: dict[str, Any], name: str) -> str:
    return f"{document['metrics'][f'evidence_{name}']:.3f}"


def _interval(document: dict[str, Any], name: str) -> str:
    """Return the interval of a metric as text, if it has one."""
    found = document.get("intervals", {}).get("metrics", {}).get(f"evidence_{name}")
    return "" if found is None else f"{found['low']:.3f}-{found['high']:.3f}"
