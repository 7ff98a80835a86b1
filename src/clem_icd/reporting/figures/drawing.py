"""Draws charts with matplotlib: inline SVG for pages, a picture, and files for publications.

Inline SVG has no external reference, takes its ink from the page, and has ids unique to its chart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from io import StringIO
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from clem_icd.files import new_file
from clem_icd.reporting.figures.backend import matplotlib
from clem_icd.reporting.figures.chart import Chart, Key, Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

__all__ = ["FIGURE_FORMATS", "draw", "inches", "put_on", "write_figure", "write_picture"]

FIGURE_FORMATS = ("pdf", "png", "svg")
"""The file formats of figures for publications."""

_INK = "#010203"
"""Stands for the text colour of the page until the chart is finished, so that it suits dark and light."""

_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "clem-icd",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "grid.color": _INK,
    "grid.alpha": 0.15,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "patch.linewidth": 1.4,
    "lines.markersize": 4,
}
_ON_WHITE: dict[str, Any] = {
    "savefig.facecolor": "white",
    **dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), "black"
    ),
    "grid.color": "black",
}
_ON_PAPER: dict[str, Any] = {
    "font.size": 8,
    "lines.linewidth": 1.2,
    "lines.markersize": 3,
    "pdf.fonttype": 42,
}
_UNDATED: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
}
"""Metadata of each format, so that equal charts make equal files."""

_INCHES = (5.2, 3.1)
_BELOW = 0.9
"""Extra height of a chart with a second one below, in inches."""

_TITLE_CHARACTERS = 66
"""Line length of the title above a chart."""

_LEGEND_LINE = 0.17
"""Height of a line of the legend on paper, in inches."""


def inches(chart: Chart) -> tuple[float, float]:
    """Return the width and height of a chart on a page, in inches."""
    width, height = _INCHES
    return width, height + (_BELOW if chart.below else 0)


def put_on(chart: Chart, figure: Figure | SubFigure) -> Axes:
    """Paint a chart on a figure, and return the axes of its main part."""
    axes: Axes
    if chart.below is None:
        axes = figure.subplots()
        chart.paint(axes)
        return axes
    axes, lower = figure.subplots(2, 1, sharex=True, height_ratios=(_INCHES[1] - 0.4, _BELOW))
    chart.paint(axes)
    chart.below(lower)
    return axes


def draw(chart: Chart) -> Panel:
    """Draw a chart as inline SVG.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.

    """
    with matplotlib().rc_context(_STYLE):
        figure = _new_figure(inches(chart))
        put_on(chart, figure)
        text = StringIO()
        figure.savefig(text, format="svg", metadata=_UNDATED["svg"])
    return Panel(chart.caption, _inline(text.getvalue(), chart), chart.legend)


def write_picture(charts: Sequence[Chart], path: Path) -> None:
    """Write charts side by side as one PNG on white.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    OutputError
        If the file cannot be written.

    """
    with matplotlib().rc_context(_STYLE | _ON_WHITE), new_file(path) as temporary:
        width, height = _INCHES
        figure = _new_figure((width * len(charts), height + 0.6))
        for part, chart in zip(figure.subfigures(1, len(charts), squeeze=False)[0], charts, strict=True):
            axes = put_on(chart, part)
            axes.set_title(fill(chart.caption, _TITLE_CHARACTERS), loc="left", fontsize="medium")
            axes.legend(*_legend(chart.legend), frameon=False)
        figure.savefig(temporary, format="png", dpi=150, metadata=_UNDATED["png"])


def write_figure(chart: Chart, path: Path, *, width: float) -> None:
    """Write a chart for a publication, black on white.

    Parameters
    ----------
    path
        The file; its suffix is one of `FIGURE_FORMATS`.
    width
        Width on paper, in inches; text is set in 8 points.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    OutputError
        If the file cannot be written.

    """
    across, high = inches(chart)
    height = width * high / across + _LEGEND_LINE * (len(chart.legend) + 1) / 2
    with matplotlib().rc_context(_STYLE | _ON_WHITE | _ON_PAPER), new_file(path) as temporary:
        figure = _new_figure((width, height))
        put_on(chart, figure)
        if len(chart.legend) > 1:
            figure.legend(*_legend(chart.legend), frameon=False, loc="outside upper left", ncols=2)
        kind = path.suffix.removeprefix(".")
        figure.savefig(temporary, format=kind, dpi=300, metadata=_UNDATED[kind])


def _new_figure(size: tuple[float, float]) -> Figure:
    figure: Figure = matplotlib("figure").Figure(figsize=size, layout="constrained")
    return figure


def _legend(keys: Sequence[Key]) -> tuple[list[Any], list[str]]:
    """Return the lines and the names of a legend, as matplotlib takes them."""
    line = matplotlib("lines").Line2D
    lines = [line([], [], color=key.colour, linestyle=(0, key.dashes) if key.dashes else "-") for key in keys]
    # A pair of dollar signs would be read as mathematics.
    return lines, [key.name.replace("$", r"\$") for key in keys]


def _inline(document: str, chart: Chart) -> str:
    body = document[document.index(">", document.index("<svg")) + 1 :]
    body = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{chart.name}-", body)
    width, height = (72 * length for length in inches(chart))
    head = f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(chart.caption)}">'
    return head + body.strip().replace(_INK, "currentColor")
