"""clem compare: runs and published results side by side, where they are of the same thing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clem_icd.cli.tabulation import new_table
from clem_icd.cli.terminal import Debug, Json, Quiet, Terminal, terminal

_NAME_WIDTH = 34
"""Characters of a system's name in a line."""

if TYPE_CHECKING:
    from clem_icd.corpus import Corpus
    from clem_icd.evaluation import Judgement
    from clem_icd.reporting.comparison import Cell, Layout, Pair, Sheet


def compare(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of runs, folders of several seeds, or metrics files."),
    ] = None,
    published: Annotated[
        bool, typer.Option("--published", help="Add what is published on the corpora of the runs.")
    ] = False,
    dataset: Annotated[
        list[str] | None, typer.Option(help="Add what is published on this one. Repeat for more.")
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="A column, in place of the usual ones. Repeat for more.")
    ] = None,
    paired: Annotated[
        bool, typer.Option("--paired", help="Test each run against the first on the same notes.")
    ] = False,
    corpus: Annotated[Path | None, typer.Option(help="With --paired: the corpus of the runs.")] = None,
    split: Annotated[str, typer.Option(help="With --paired: train, validation or test.")] = "test",
    resamples: Annotated[int, typer.Option(min=100, help="With --paired: of each test.")] = 1000,
    out: Annotated[
        list[Path] | None,
        typer.Option(help="Write it to a file (.html, .md, .tex, .csv or .json). Repeat for more."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what lies at --out.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Put results side by side, one table for what is of the same notes, labels and codes.

    A column is one definition. Published results whose definition is not stated stand apart.

    Example: `clem compare runs/demo runs/demo-linear --out comparison.html`
    """
    with terminal(json=json, quiet=quiet, debug=debug) as own:
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
        entries = [] if paired else [read_entry(path) for path in runs or []]
        pairs = [] if corpus is None else _pairs(runs or [], corpus, split, metric or [], resamples, own)
        comparison = compare_entries(
            entries, with_published=published, datasets=dataset or [], metrics=metric or [], pairs=pairs
        )
        for path in out or []:
            write_comparison(comparison, path)
        own.result(comparison_document(comparison), lambda console: _show(console, lay_out(comparison)))
        for path in out or []:
            own.say(f"Wrote {path}")


def _require_clear(runs: list[Path], *, paired: bool, corpus: Path | None, others: bool) -> None:
    from clem_icd.errors import InputError

    if paired != (corpus is not None):
        raise InputError(
            "a paired comparison needs both --paired and --corpus",
            remedy="Pass both, with the corpus that the runs were made from, or neither",
        )
    if paired and others:
        raise InputError(
            "published results have no scores that could be paired",
            remedy="Leave out --paired, or --published and --dataset",
        )
    if paired and len(runs) < 2:
        raise InputError(
            f"a paired comparison of {len(runs)} runs was asked for", remedy="Name two runs or more"
        )


def _pairs(
    runs: list[Path], corpus: Path, split: str, metrics: list[str], resamples: int, own: Terminal
) -> list[Pair]:
    """Compare each run with the first, by the scores and the decisions of each."""
    from clem_icd.corpus import Corpus
    from clem_icd.reporting.comparison import HEADLINES, Pair

    opened = Corpus.open(corpus)
    shown = metrics or HEADLINES
    judged = [(_name(run), _judgement(run, opened, split, shown)) for run in runs]
    own.begin("Resampling", 2 * resamples * (len(runs) - 1))
    kind = "Synthetic notes: " if opened.synthetic else ""
    return [
        Pair.of(
            judged[0],
            other,
            title=f"{kind}{opened.name}, {split}, {opened.size(split):,} notes, {len(opened.codes):,} labels",
            metrics=shown,
            resamples=resamples,
            groups=opened.subjects(split),
            progress=own.advance,
        )
        for other in judged[1:]
    ]


def _judgement(run: Path, corpus: Corpus, split: str, metrics: Sequence[str]) -> Judgement:
    from clem_icd.errors import RunError
    from clem_icd.evaluation import Judgement
    from clem_icd.modeling import ModelInfo
    from clem_icd.scores import Scores, require_same_labels

    if run.is_file():
        raise RunError(
            "is a file of metrics, and a paired comparison is of scores and what decides with them",
            path=run,
            remedy="Name the folder of a run, or pair the scores in Python as docs/uncertainty.md does",
        )
    if not (run / "model").is_dir() and any(run.glob("seed-*")):
        raise RunError(
            "holds several seeds, and a paired comparison is of one run with another",
            path=run,
            remedy=f"Name one of its runs, such as {sorted(run.glob('seed-*'))[0]}",
        )
    info = ModelInfo.read(run / "model")
    scores = Scores.read(run / "scores" / f"{split}.parquet")
    require_same_labels(scores.labels, info.labels, "the scores", f"the model of {run}")
    return Judgement.of(corpus.targets(split), scores.of(corpus, split), info.rule, profile=metrics)


def _name(run: Path) -> str:
    place = run.resolve()
    return f"{place.parent.name}/{place.name}" if place.name.startswith("seed-") else place.name


def _show(console: Console, layout: Layout) -> None:
    for sheet in layout.sheets:
        _show_sheet(console, sheet)
    for number, text in enumerate(layout.footnotes, start=1):
        console.print(f"({number}) {text}", markup=False)
    if layout.definitions:
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
        # Rather lines that are too long than figures that are cut off.
        console.width = max(shown, _width(console, table))
    console.print(table)
    console.width = shown
    for remark in sheet.remarks:
        console.print(remark, markup=False)
    console.print()


def _table(sheet: Sheet) -> Table:
    titles = [title.replace(" (", "\n(") for title in sheet.header]
    table = new_table(*titles, title=sheet.title, text=tuple(titles[: sheet.left]))
    table.columns[0].max_width = _NAME_WIDTH
    for block in sheet.blocks:
        for row in block:
            table.add_row(*(Text(_plain(cell)) for cell in row))
        table.add_section()
    return table


def _turned(sheet: Sheet, systems: list[tuple[Cell, ...]]) -> Table:
    """Return the table with a line for every column, and a column for every system."""
    table = new_table(sheet.header[0], *(_plain(row[0]) for row in systems), title=sheet.title)
    for number, name in enumerate(sheet.header[1:], start=1):
        table.add_row(name, *(Text(_plain(row[number])) for row in systems))
    return table


def _width(console: Console, table: Table) -> int:
    return console.measure(table, options=console.options.update(max_width=1000)).maximum


def _plain(cell: Cell) -> str:
    marks = "".join(f" ({mark})" for mark in cell.marks)
    return f"{cell.text}{marks}\n{cell.beside}" if cell.beside else f"{cell.text}{marks}"
