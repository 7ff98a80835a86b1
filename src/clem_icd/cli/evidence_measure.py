"""clem evidence measure: how good the evidence of a model is, method by method."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clem_icd.cli.evidence_options import methods_in
from clem_icd.cli.options import CorpusFolder, Force, JsonOut, ModelFolder, NotesCues, Split
from clem_icd.cli.tabulation import corpus_title, new_table
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import verb

if TYPE_CHECKING:
    from rich.console import Console

    from clem_icd.explanation import Method

# Four tables, so that each fits on a terminal of 80 columns.
_PLAUSIBILITY = {"precision": "precision", "recall": "recall", "f1": "token F1"}
_SPANS = {
    "match_exact": "exact",
    "match_proximate": "proximate",
    "without_span": "no span",
    "label_overlap": "overlap",
}
_FAITHFULNESS = {
    "comprehensiveness": "compr.",
    "sufficiency": "suff.",
    "normalised_aopc": "NAOPC",
    "seconds_per_code": "s/code",
}
_CHECKS = {
    "shuffled_correlation": "correlation\nif shuffled",
    "top_span_beats_random": "top span\nbeats random",
    "entropy": "normalised\nentropy",
    "mean_predicted_tokens": "tokens\npredicted",
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
            help="Methods, separated by commas, with settings: '{kind: occlusion, sentences: 8}'. "
            "Default: the method of this kind of model."
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
    resamples: Annotated[
        int, typer.Option(min=0, help="Resamples for the 95 % intervals; 0 leaves the intervals out.")
    ] = 1000,
    out: JsonOut = None,
    force: Force = False,
) -> None:
    """Measure how plausible and how faithful the evidence of a model is.

    Example: `clem evidence measure MODEL --corpus CORPUS --methods input-x-gradient --out methods.json`
    """
    from clem_icd.corpus import Corpus
    from clem_icd.explanation import measure_methods
    from clem_icd.files import check_free, write_json
    from clem_icd.modeling import load_model

    if out is not None:
        check_free(out, force=force)
    chosen: list[Method | str | None] = [None] if methods is None else [*methods_in(methods)]
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
        resamples=resamples,
        progress=terminal.advance,
    )
    if out is not None:
        write_json(out, document)
    terminal.result(document, lambda console: _show(console, document))


def _show(console: Console, document: dict[str, Any]) -> None:
    title = f"Evidence on {corpus_title(document['corpus'])}, {document['split']}"
    plausible = new_table("method", "cut", *_PLAUSIBILITY.values(), "95 % interval", title=title)
    spans = new_table("method", *_SPANS.values())
    some_left_out = any(result["notes_left_out"] for result in document["methods"])
    faithful = new_table("method", *_FAITHFULNESS.values(), *([_LEFT_OUT] if some_left_out else []))
    checks = new_table("method", *_CHECKS.values())
    for result in document["methods"]:
        name, metrics = result["method"], result["metrics"]
        plausible.add_row(
            name,
            _number(result["threshold"]),
            *(_number(metrics.get(key)) for key in _PLAUSIBILITY),
            _interval(result, "f1"),
        )
        spans.add_row(name, *(_number(metrics.get(key)) for key in _SPANS))
        faithful.add_row(
            name,
            *(_number(metrics.get(key)) for key in _FAITHFULNESS),
            *([f"{result['notes_left_out']:,}"] if some_left_out else []),
        )
        checks.add_row(name, *(_number(metrics.get(key)) for key in _CHECKS))
    for table in (plausible, spans, faithful, checks):
        # The whole name, if need be on two lines: several methods begin alike.
        table.columns[0].overflow = "fold"
        console.print(table)
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
    for line in _footnotes(document):
        console.print(line, markup=False)


def _footnotes(document: dict[str, Any]) -> Iterator[str]:
    """Yield what to know about single methods, as sentences."""
    for result in document["methods"]:
        yield from result["remarks"]
        name, masked = result["method"], result["faithfulness_notes"]
        if left_out := result["notes_left_out"] + result["validation_notes_left_out"]:
            yield (
                f"Warning: notes that {name} left out: {left_out:,}. Its row is of fewer "
                f"notes than those of others. The first reason: {result['left_out_because']}."
            )
        if masked < document["faithfulness_notes"]:
            yield (
                f"Warning: faithfulness of {name} was measured on {masked:,} of "
                f"{document['faithfulness_notes']:,} notes: it refused the others."
            )


def _interval(result: dict[str, Any], name: str) -> str:
    found = result.get("intervals", {}).get("metrics", {}).get(name)
    return f"{found['low']:.3f} to {found['high']:.3f}" if found else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
