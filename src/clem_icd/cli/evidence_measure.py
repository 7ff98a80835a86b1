"""clem evidence measure: how good the evidence of a model is, method by method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from clem_icd.cli.options import CorpusFolder, Force, JsonOut, ModelFolder, NotesCues, Split
from clem_icd.cli.tabulation import corpus_title, new_table
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import verb

if TYPE_CHECKING:
    from rich.console import Console

# Two tables, so that both fit on a terminal of 80 columns.
_PLAUSIBILITY = {
    "precision": "precision",
    "recall": "recall",
    "f1": "token F1",
    "match_exact": "exact",
    "match_proximate": "proximate",
}
_FAITHFULNESS = {
    "without_span": "no span",
    "label_overlap": "overlap",
    "comprehensiveness": "compr.",
    "sufficiency": "suff.",
    "normalised_aopc": "NAOPC",
    "seconds_per_code": "s/code",
}
_LEFT_OUT = "left out"


@verb()
def measure(
    terminal: Terminal,
    model: ModelFolder,
    corpus: CorpusFolder,
    split: Split = "test",
    methods: Annotated[
        str | None,
        typer.Option(
            help="Names of methods, separated by commas. Default: the method of this kind of model."
        ),
    ] = None,
    notes: Annotated[
        int | None, typer.Option(min=1, help="Explain only so many notes, drawn at random. Default: all.")
    ] = None,
    faithfulness_notes: Annotated[
        int,
        typer.Option(
            min=0, help="Mask the words of so many notes, with about 100 forward passes per assigned code."
        ),
    ] = 5,
    language: NotesCues = None,
    out: JsonOut = None,
    force: Force = False,
) -> None:
    """Measure how plausible and how faithful the evidence of a model is.

    Example: `clem evidence measure MODEL --corpus CORPUS --methods input-x-gradient --out methods.json`
    """
    from clem_icd.corpus import Corpus
    from clem_icd.explanation import measure_methods
    from clem_icd.explanation.explaining import parse_method
    from clem_icd.files import check_free, write_json
    from clem_icd.modeling import load_model

    if out is not None:
        check_free(out, force=force)
    chosen = [None] if methods is None else [parse_method(name.strip()) for name in methods.split(",")]
    opened = Corpus.open(corpus)
    system, info = load_model(model)
    terminal.begin("Explaining notes", None)
    document = measure_methods(
        system,
        info,
        opened,
        split,
        chosen,
        notes=notes,
        faithfulness_notes=faithfulness_notes,
        language=language,
        progress=terminal.advance,
    )
    if out is not None:
        write_json(out, document)
    terminal.result(document, lambda console: _show(console, document))


def _show(console: Console, document: dict[str, Any]) -> None:
    title = f"Evidence on {corpus_title(document['corpus'])}, {document['split']}"
    plausible = new_table("method", "cut", *_PLAUSIBILITY.values(), title=title)
    some_left_out = any(result["notes_left_out"] for result in document["methods"])
    faithful = new_table("method", *_FAITHFULNESS.values(), *([_LEFT_OUT] if some_left_out else []))
    for table in (plausible, faithful):
        # The whole name, if need be on two lines: several methods begin alike.
        table.columns[0].overflow = "fold"
    for result in document["methods"]:
        metrics = result["metrics"]
        values = (_number(metrics.get(name)) for name in _PLAUSIBILITY)
        plausible.add_row(result["method"], _number(result["threshold"]), *values)
        values = (_number(metrics.get(name)) for name in _FAITHFULNESS)
        faithful.add_row(
            result["method"], *values, *([f"{result['notes_left_out']:,}"] if some_left_out else [])
        )
    console.print(plausible)
    console.print(faithful)
    default = any(result["threshold_source"] == "default" for result in document["methods"])
    cut = (
        "The cut is the default where no evidence of validation could be explained."
        if default
        else "The cut was tuned on validation."
    )
    console.print(
        f"{document['pairs']:,} codes with gold evidence and {document['assigned']:,} assigned codes of "
        f"{document['notes']:,} notes; words masked in {document['faithfulness_notes']:,}. {cut}",
        markup=False,
    )
    for result in document["methods"]:
        if left_out := result["notes_left_out"] + result["validation_notes_left_out"]:
            console.print(
                f"Warning: notes that {result['method']} left out: {left_out:,}. Its row is of fewer "
                f"notes than those of others. The first reason: {result['left_out_because']}.",
                markup=False,
            )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
