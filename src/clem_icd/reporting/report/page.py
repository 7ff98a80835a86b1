"""The report as one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from clem_icd.evaluation.headlines import HEADLINES
from clem_icd.files import write_text
from clem_icd.reporting.report import tables
from clem_icd.runs.layout import RunLayout
from clem_icd.runs.results import RunResults, read_run

__all__ = ["write_figures", "write_learning_curves", "write_report"]

COLUMN = 3.4
"""The width of a column of a two-column page, in inches."""

_SAME = ("split", "notes", "labels")
_FORMATS = ("pdf", "png", "svg")


def write_report(run: Path, *, beside: Sequence[Path] = (), out: Path | None = None) -> Path:
    """Write the report of a run as a self-contained HTML file.

    What an older or interrupted run lacks is said in its place on the page.

    Parameters
    ----------
    run
        The run folder that the report is about; its own, or that of runs with several seeds.
    beside
        Other run folders, or metrics files of any system, shown next to it in the tables and the figures of
        the test split.
    out
        Where to write; ``report.html`` in the run folder if not given.

    Returns
    -------
        Where the report is.

    Raises
    ------
    RunError
        If a folder is no run, or one of its files is not what it should be.
    OutputError
        If the file cannot be written.

    """
    runs = _with_distinct_names([read_run(folder) for folder in (run, *beside)])
    place = RunLayout(run).report if out is None else out
    write_text(place, _render(runs))
    return place


def write_learning_curves(run: Path) -> Path | None:
    """Write the learning curves of a run as ``learning-curves.png``, and return where; None if it has none.

    Raises
    ------
    RunError
        If the folder is no run.
    """
    from clem_icd.reporting.report.figures.learning import learning_charts
    from clem_icd.reporting.report.svg import write_picture

    charts = learning_charts(read_run(run))
    if not charts:
        return None
    picture = RunLayout(run).learning_curves
    write_picture(charts, picture)
    return picture


def write_figures(
    run: Path, folder: Path, *, beside: Sequence[Path] = (), width: float = COLUMN
) -> list[Path]:
    """Write every figure of a report for a publication, as PDF, SVG and PNG (300 dpi), black on white.

    What a caption has to say of each is in ``captions.txt`` beside them.

    Parameters
    ----------
    run, beside
        As for `write_report`.
    folder
        Where to write; what has the name of a figure is replaced.
    width
        Of a figure on paper, in inches.

    Returns
    -------
        The figures.

    Raises
    ------
    RunError
        If a folder is no run, or one of its files is not what it should be.
    OutputError
        If a file cannot be written.

    """
    from clem_icd.reporting.report.figures import all_charts
    from clem_icd.reporting.report.svg import write_figure

    charts = all_charts(_with_distinct_names([read_run(place) for place in (run, *beside)]))
    written = {folder / f"{chart.name}.{kind}": chart for chart in charts for kind in _FORMATS}
    for path, chart in written.items():
        write_figure(chart, path, width=width)
    write_text(folder / "captions.txt", "".join(f"{chart.name}: {chart.caption}\n" for chart in charts))
    return list(written)


def _with_distinct_names(runs: Sequence[RunResults]) -> list[RunResults]:
    seen: Counter[str] = Counter()
    distinct = []
    for run in runs:
        seen[run.name] += 1
        again = seen[run.name] > 1
        distinct.append(replace(run, name=f"{run.name} ({seen[run.name]})") if again else run)
    return distinct


def _render(runs: Sequence[RunResults]) -> str:
    environment = Environment(
        loader=PackageLoader("clem_icd.reporting.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html.j2")
    return template.render(run=runs[0], runs=runs, **_results(runs), **_corpus(runs[0]))


def _results(runs: Sequence[RunResults]) -> dict[str, Any]:
    # Drawing costs a third of a second to import, which nothing but a report should pay.
    from clem_icd.reporting.report import figures

    run = runs[0]
    return {
        "synthetic": [each.name for each in runs if each.synthetic],
        "facts": [tables.run_facts(each) for each in runs],
        "headlines": tables.metric_rows(runs, HEADLINES),
        "metrics": tables.metric_rows(runs),
        "beside_values": tables.beside_values(runs),
        "like_with_like": _like_with_like(runs),
        "learning": figures.learning_panels(run),
        "decisions": figures.decision_panels(runs),
        "buckets": figures.bucket_panels(runs),
        "bucket_table": tables.bucket_table(runs),
        "errors": tables.error_tables(run),
        "environment": tables.environment_table(run.environment or {}),
    }


def _corpus(run: RunResults) -> dict[str, Any]:
    from clem_icd.reporting.report import figures

    if run.description is None:
        return {"description": [], "corpus_panels": []}
    return {
        "description": [tables.split_table(run.description), tables.spread_table(run.description)],
        "corpus_panels": figures.corpus_panels(run),
    }


def _like_with_like(runs: Sequence[RunResults]) -> bool:
    """Whether all runs were evaluated on the same notes, labels and codes, as far as they tell."""
    tests = [run.test for run in runs if run.test is not None]
    evaluated = {
        (test["corpus"].get("name"), test.get("profile", "all"), *(test[key] for key in _SAME))
        for test in tests
    }
    identities = {tuple(sorted(test["identity"].items())) for test in tests if "identity" in test}
    return len(evaluated) <= 1 and len(identities) <= 1
