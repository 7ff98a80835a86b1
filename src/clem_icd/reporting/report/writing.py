"""Files that show a run: the report, the learning curves, and figures for publications."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from clem_icd.files import write_text
from clem_icd.reporting.figures import all_charts, learning_charts
from clem_icd.reporting.figures.drawing import FIGURE_FORMATS, write_figure, write_picture
from clem_icd.reporting.names import distinct_names
from clem_icd.reporting.report.page import report_html
from clem_icd.runs.layout import RunLayout
from clem_icd.runs.results import RunResults, read_run

__all__ = ["write_figures", "write_learning_curves", "write_report"]

COLUMN = 3.4
"""Width of a column of a two-column page, in inches."""


def write_report(run: Path, *, beside: Sequence[Path] = (), out: Path | None = None) -> Path:
    """Write the report of a run as a self-contained HTML file.

    If a file of an older or interrupted run is missing, the page says so in its place.

    Parameters
    ----------
    run
        The run folder to report on; of one run, or of several seeds.
    beside
        Other run folders, or metrics files of any system, to show next to it in the tables and figures of
        the test split.
    out
        Output file; ``report.html`` in the run folder by default.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    RunError
        If a folder is not a run, or one of its files is malformed.
    MissingExtraError
        If jinja2 or matplotlib is not installed.
    OutputError
        If the file cannot be written.

    """
    html = report_html(_read_runs(run, beside))
    path = RunLayout(run).report if out is None else out
    write_text(path, html)
    return path


def write_learning_curves(run: Path) -> Path | None:
    """Write the learning curves of a run to its folder as PNG, if it has any.

    Returns
    -------
    Path or None
        The file that was written; None for a run without learning curves.

    Raises
    ------
    RunError
        If the folder is not a run.
    MissingExtraError
        If matplotlib is not installed.

    """
    charts = learning_charts(read_run(run))
    if not charts:
        return None
    path = RunLayout(run).learning_curves
    write_picture(charts, path)
    return path


def write_figures(
    run: Path, folder: Path, *, beside: Sequence[Path] = (), width: float = COLUMN
) -> list[Path]:
    """Write every figure of a report for a publication, as PDF, SVG and PNG (300 dpi), black on white.

    ``captions.txt``, next to them, holds their captions.

    Parameters
    ----------
    run, beside
        As for `write_report`.
    folder
        Output folder; files with the name of a figure are replaced.
    width
        Width of a figure on paper, in inches.

    Returns
    -------
    list of Path
        The figures.

    Raises
    ------
    RunError
        If a folder is not a run, or one of its files is malformed.
    MissingExtraError
        If matplotlib is not installed.
    OutputError
        If a file cannot be written.

    """
    charts = all_charts(_read_runs(run, beside))
    written = {folder / f"{chart.name}.{kind}": chart for chart in charts for kind in FIGURE_FORMATS}
    for path, chart in written.items():
        write_figure(chart, path, width=width)
    write_text(folder / "captions.txt", "".join(f"{chart.name}: {chart.caption}\n" for chart in charts))
    return list(written)


def _read_runs(run: Path, beside: Sequence[Path]) -> list[RunResults]:
    runs = [read_run(folder) for folder in (run, *beside)]
    names = distinct_names([one.name for one in runs])
    return [replace(one, name=name) for one, name in zip(runs, names, strict=True)]
