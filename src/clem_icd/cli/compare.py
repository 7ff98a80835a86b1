"""clem compare: runs and published results side by side, where they are comparable."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clem_icd.cli.options import Force, Split
from clem_icd.cli.resolve import resolve
from clem_icd.cli.tabulation import new_table, plain
from clem_icd.cli.terminal import Terminal
from clem_icd.cli.verb import changed_options, verb
from clem_icd.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from clem_icd.corpus import Corpus
    from clem_icd.decisions import Rule
    from clem_icd.evaluation import SplitScores
    from clem_icd.reporting.comparison import Cell, Layout, Pair, Sheet

_NAME_WIDTH = 34
"""Characters of a system's name per line."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """How runs are paired, with --paired."""

    split: Split = "test"
    resamples: Annotated[int, typer.Option(min=100, help="With --paired: resamples per test.")] = 1000
    corpus_labels: Annotated[
        bool,
        typer.Option(
            "--corpus-labels",
            help="With --paired: leave out codes that the corpus lacks, where a system ranks others too.",
        ),
    ] = False


@verb()
def compare(
    terminal: Terminal,
    *,
    runs: Annotated[
        list[Path] | None,
        typer.Argument(help="Run folders, folders of several seeds, or metrics files."),
    ] = None,
    published: Annotated[
        bool, typer.Option("--published", help="Add the results published on the corpora of the runs.")
    ] = False,
    dataset: Annotated[
        list[str] | None, typer.Option(help="Add the results published on this data set. Repeatable.")
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="Show this metric. Repeatable. Default: those that most publications report."),
    ] = None,
    definitions: Annotated[
        bool, typer.Option("--definitions", help="Also print the definition of every metric shown.")
    ] = False,
    paired: Annotated[
        bool, typer.Option("--paired", help="Test every run against the first on the same notes.")
    ] = False,
    corpus: Annotated[Path | None, typer.Option(help="With --paired: the corpus of the runs.")] = None,
    pairing: Pairing,
    out: Annotated[
        list[Path] | None,
        typer.Option(help="Also write this file (.html, .md, .tex, .csv or .json). Repeatable."),
    ] = None,
    force: Force = False,
) -> None:
    """Compare runs and published results.

    One table per set of notes, labels and codes, and one definition per column. Published results whose
    definition is not stated are listed separately.

    Example: `clem compare runs/demo runs/demo-linear --out comparison.html`
    """
    from clem_icd.files import check_free
    from clem_icd.reporting.comparison import (
        check_metrics,
        check_suffix,
        comparison_document,
        lay_out,
        read_entry,
        write_comparison,
    )
    from clem_icd.reporting.comparison import compare as compare_entries

    check_metrics(metric or [])
    for path in out or []:
        check_suffix(path)
        check_free(path, force=force)
    _require_clear(runs or [], paired=paired, corpus=corpus, others=published or bool(dataset))
    if not paired:
        _require_unpaired(pairing)
    entries = [] if paired else [read_entry(path) for path in runs or []]
    pairs = [] if corpus is None else _pairs(runs or [], corpus, pairing, metric or [], terminal)
    comparison = compare_entries(
        entries, with_published=published, datasets=dataset or [], metrics=metric or [], pairs=pairs
    )
    for path in out or []:
        write_comparison(comparison, path)

    def show(console: Console) -> None:
        layout = lay_out(comparison)
        show_comparison(console, layout)
        _show_definitions(console, layout, definitions)

    terminal.result(comparison_document(comparison), show)
    for path in out or []:
        terminal.say(f"Wrote {path}")


def _require_clear(runs: list[Path], *, paired: bool, corpus: Path | None, others: bool) -> None:
    if paired != (corpus is not None):
        raise InputError(
            "a paired comparison needs both --paired and --corpus",
            remedy="Pass both, with the corpus of the runs, or neither",
        )
    if paired and others:
        raise InputError(
            "published results have no scores to pair",
            remedy="Leave out --paired, or --published and --dataset",
        )
    if paired and len(runs) < 2:
        raise InputError(
            f"a paired comparison of {len(runs)} runs, expected at least two", remedy="Name another run"
        )


def _require_unpaired(pairing: Pairing) -> None:
    """Refuse options that would be ignored without --paired."""
    named = ", ".join(changed_options(pairing))
    if named:
        raise InputError(
            f"{named} cannot be used without --paired, expected only for a paired comparison",
            remedy=f"Pass --paired and --corpus as well, or leave out {named}",
        )


def _pairs(
    runs: list[Path], corpus: Path, pairing: Pairing, metrics: list[str], terminal: Terminal
) -> list[Pair]:
    """Compare every run with the first, each by its own scores and decisions."""
    from clem_icd.corpus import Corpus
    from clem_icd.evaluation.headlines import COMPARISON_METRICS
    from clem_icd.reporting.comparison import Pair

    opened = Corpus.open(corpus)
    shown = metrics or COMPARISON_METRICS
    split, resamples = pairing.split, pairing.resamples
    scored = [_scored(run, opened, pairing) for run in runs]
    # A code that a system cannot assign scores 0 for it, so that all are tested on the same labels.
    over = sorted({label for one, _ in scored for label in one.labels})
    judged = [one.judgement(rule, profile=shown, buckets=False, over=over) for one, rule in scored]
    named = list(zip(map(_name, runs), judged, strict=True))
    terminal.begin("Resampling", 2 * resamples * (len(runs) - 1))
    kind = "Synthetic notes: " if opened.synthetic else ""
    return [
        Pair.of(
            named[0],
            other,
            title=f"{kind}{opened.name}, {split}, {opened.size(split):,} notes, {spaces}",
            metrics=shown,
            resamples=resamples,
            groups=opened.subjects(split),
            progress=terminal.advance,
        )
        for other, spaces in zip(named[1:], _spaces([one for one, _ in scored], terminal), strict=True)
    ]


def _spaces(scored: list[SplitScores], terminal: Terminal) -> list[str]:
    """Name the label spaces of the first and of each other system, and warn where they differ."""
    texts = [str(one.label_space["description"]) for one in scored]
    if len(set(texts)) > 1:
        terminal.say(
            f"Warning: the label spaces differ: {'; '.join(dict.fromkeys(texts))}. Codes that the corpus "
            "lacks count as wrong only for a system that ranks them; --corpus-labels leaves them out."
        )
    first = texts[0]
    return [first if text == first else f"{text} versus {first}" for text in texts[1:]]


def _scored(run: Path, corpus: Corpus, pairing: Pairing) -> tuple[SplitScores, Rule]:
    """Return the scores of a run with the codes of the notes, and the rule of its model."""
    from clem_icd.evaluation import SplitScores
    from clem_icd.scores import RankedScores, corpus_labels

    judged = resolve(run, (pairing.split,))
    scores = judged.scores(pairing.split)
    rule = judged.rule(scores)
    if pairing.corpus_labels and isinstance(scores, RankedScores):
        scores = corpus_labels(scores, corpus)
    return SplitScores.of(scores, corpus, pairing.split), rule


def _name(run: Path) -> str:
    from clem_icd.runs.layout import RunLayout

    place = run.resolve()
    return f"{place.parent.name}/{place.name}" if RunLayout(place).is_seed else place.name


def show_comparison(console: Console, layout: Layout) -> None:
    """Print the tables of a comparison with their footnotes."""
    for position, sheet in enumerate(layout.sheets):
        if position:
            console.print()
        _show_sheet(console, sheet)
    for number, text in enumerate(layout.footnotes, start=1):
        console.print(f"({number}) {text}", markup=False)


def _show_definitions(console: Console, layout: Layout, definitions: bool) -> None:
    if layout.definitions and not definitions:
        console.print("Definitions: --definitions prints them, and --out writes them.", markup=False)
    elif layout.definitions:
        console.print("\nDefinitions:", markup=False)
        for title, (name, one) in layout.definitions.items():
            console.print(f"{title} ({name}): {one.definition}", markup=False)


def _show_sheet(console: Console, sheet: Sheet) -> None:
    table = _table(sheet)
    systems = [row for block in sheet.blocks for row in block]
    has_figures = sheet.left < len(sheet.header)
    if has_figures and _width(console, table) > console.width and len(systems) < len(sheet.header):
        table = _turned(sheet, systems)
    shown = console.width
    if has_figures:
        # Overlong lines are better than truncated figures.
        console.width = max(shown, _width(console, table))
    console.print(table)
    console.width = shown
    for remark in sheet.remarks:
        console.print(remark, markup=False)


def _table(sheet: Sheet) -> Table:
    titles = [title.replace(" (", "\n(") for title in sheet.header]
    table = new_table(*titles, title=sheet.title, text=tuple(titles[: sheet.left]))
    table.columns[0].max_width = _NAME_WIDTH
    for block in sheet.blocks:
        for row in block:
            table.add_row(*(plain(_cell_text(cell)) for cell in row))
        table.add_section()
    return table


def _turned(sheet: Sheet, systems: list[tuple[Cell, ...]]) -> Table:
    """Return the table with one row per column, and one column per system."""
    table = new_table(sheet.header[0], *(_cell_text(row[0]) for row in systems), title=sheet.title)
    for number, name in enumerate(sheet.header[1:], start=1):
        table.add_row(name, *(plain(_cell_text(row[number], between=" ")) for row in systems))
    return table


def _width(console: Console, table: Table) -> int:
    return console.measure(table, options=console.options.update(max_width=1000)).maximum


def _cell_text(cell: Cell, between: str = "\n") -> str:
    marks = "".join(f" ({mark})" for mark in cell.marks)
    return f"{cell.text}{marks}{between}{cell.beside}" if cell.beside else f"{cell.text}{marks}"
