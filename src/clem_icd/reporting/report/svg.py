"""One chart as inline SVG: no external reference, the ink of the page, and ids that no other chart has."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from textwrap import fill
from typing import Any

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from clem_icd.files import new_file

__all__ = ["Chart", "Key", "Panel", "draw", "line_style", "write_figure", "write_picture"]

_INK = "#010203"
"""Stands for the text colour of the page until the chart is done, so that it suits dark and light."""

_STYLE: dict[Any, Any] = {
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
_INCHES = (5.2, 3.1)
_BELOW = 0.9
"""What a second chart below adds to the height, in inches."""

_CHARACTERS = 66
"""Of a title over a chart, on a line."""

_LEGEND_LINE = 0.17
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_UNDATED: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
    "svg": _NO_METADATA,
}
_ON_WHITE: dict[Any, Any] = {
    "savefig.facecolor": "white",
    **dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), "black"
    ),
    "grid.color": "black",
}
_ON_PAPER: dict[Any, Any] = {
    "font.size": 8,
    "lines.linewidth": 1.2,
    "lines.markersize": 3,
    "pdf.fonttype": 42,
}

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito 2008, without black and yellow, which vanish on one of the two backgrounds."""
_DASHES: tuple[tuple[float, ...], ...] = ((), (5, 2), (1, 1.2), (6, 2, 1, 2), (3, 1.5))
"""Another number than that of the colours, so that a pair of both repeats late only."""


@dataclass(frozen=True)
class Key:
    """A line of a legend: ``dashes`` are the lengths drawn and left out, in line widths; none is solid."""

    name: str
    colour: str
    dashes: tuple[float, ...]


@dataclass(frozen=True)
class Panel:
    """A chart with its caption and its legend, which the page draws."""

    caption: str
    svg: Markup
    legend: Sequence[Key] = ()


def line_style(name: str, place: int) -> Key:
    """Give the ``place``-th series of a chart its colour and dashes: told apart in grey as well."""
    return Key(name, _COLOURS[place % len(_COLOURS)], _DASHES[place % len(_DASHES)])


@dataclass(frozen=True)
class Chart:
    """A chart yet to be drawn: ``paint`` puts it on empty axes; ``name`` is unique on its page.

    ``below`` puts a second, lower one under it, on the same abscissa.
    """

    name: str
    caption: str
    paint: Callable[[Axes], None]
    legend: Sequence[Key] = ()
    below: Callable[[Axes], None] | None = None

    @property
    def inches(self) -> tuple[float, float]:
        """Width and height on the page."""
        width, height = _INCHES
        return width, height + (_BELOW if self.below else 0)

    def put_on(self, figure: Figure | SubFigure) -> Axes:
        """Paint on a figure, and return the axes of the chart proper."""
        if self.below is None:
            alone: Axes = figure.subplots()
            self.paint(alone)
            return alone
        axes: Axes
        axes, lower = figure.subplots(2, 1, sharex=True, height_ratios=(_INCHES[1] - 0.4, _BELOW))
        self.paint(axes)
        self.below(lower)
        return axes


def draw(chart: Chart) -> Panel:
    """Draw a chart for the page."""
    with rc_context(_STYLE):
        figure = Figure(figsize=chart.inches, layout="constrained")
        chart.put_on(figure)
        text = StringIO()
        figure.savefig(text, format="svg", metadata=_NO_METADATA)
    return Panel(chart.caption, Markup(_inline(text.getvalue(), chart)), chart.legend)  # noqa: S704 - our own drawing


def write_picture(charts: Sequence[Chart], path: Path) -> None:
    """Write charts side by side as one PNG on white, whole or not at all."""
    with rc_context({**_STYLE, **_ON_WHITE}), new_file(path) as temporary:
        width, height = _INCHES
        figure = Figure(figsize=(width * len(charts), height + 0.6), layout="constrained")
        for part, chart in zip(figure.subfigures(1, len(charts), squeeze=False)[0], charts, strict=True):
            axes = chart.put_on(part)
            axes.set_title(fill(chart.caption, _CHARACTERS), loc="left", fontsize="medium")
            _add_legend(axes, chart.legend)
        figure.savefig(temporary, format="png", dpi=150, metadata={"Software": None})


def write_figure(chart: Chart, path: Path, *, width: float) -> None:
    """Write a chart for a publication, whole or not at all, black on white.

    Parameters
    ----------
    path
        Its suffix says the format: pdf, png or svg.
    width
        In inches, as it stands on paper; letters are then of 8 points.

    """
    across, high = chart.inches
    with rc_context({**_STYLE, **_ON_WHITE, **_ON_PAPER}), new_file(path) as temporary:
        figure = Figure(
            figsize=(width, width * high / across + _LEGEND_LINE * (len(chart.legend) + 1) / 2),
            layout="constrained",
        )
        axes = chart.put_on(figure)
        if len(chart.legend) > 1:
            _add_legend(axes, chart.legend, figure)
        kind = path.suffix.removeprefix(".")
        figure.savefig(temporary, format=kind, dpi=300, metadata=_UNDATED[kind])


def _add_legend(axes: Axes, keys: Sequence[Key], figure: Figure | None = None) -> None:
    """Add the legend that the page draws itself: on the axes, or above everything on a figure."""
    lines = [
        Line2D([], [], color=key.colour, linestyle=(0, key.dashes) if key.dashes else "-") for key in keys
    ]
    names = [key.name.replace("$", r"\$") for key in keys]
    if figure is None:
        axes.legend(lines, names, frameon=False)
    else:
        figure.legend(lines, names, frameon=False, loc="outside upper left", ncols=2)


def _inline(document: str, chart: Chart) -> str:
    body = document[document.index(">", document.index("<svg")) + 1 :]
    body = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{chart.name}-", body)
    width, height = (72 * inches for inches in chart.inches)
    head = f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{Markup.escape(chart.caption)}">'
    return head + body.strip().replace(_INK, "currentColor")
