"""One chart as inline SVG: no external reference, the ink of the page, and ids that no other chart has."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clem_icd.files import new_file

__all__ = ["Chart", "Key", "Panel", "draw", "line_style", "write_picture"]

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
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}

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
    """A chart yet to be drawn: ``paint`` puts it on empty axes; ``name`` is unique on its page."""

    name: str
    caption: str
    paint: Callable[[Axes], None]
    legend: Sequence[Key] = ()


def draw(name: str, caption: str, paint: Callable[[Axes], None], legend: Sequence[Key] = ()) -> Panel:
    """Make a chart of what ``paint`` puts on empty axes; ``name`` is unique on the page."""
    with rc_context(_STYLE):
        figure = Figure(figsize=_INCHES, layout="constrained")
        paint(figure.subplots())
        text = StringIO()
        figure.savefig(text, format="svg", metadata=_NO_METADATA)
    return Panel(caption, Markup(_inline(text.getvalue(), name, caption)), legend)  # noqa: S704 - our own drawing


def write_picture(charts: Sequence[Chart], path: Path) -> None:
    """Write charts side by side as one PNG on white, whole or not at all."""
    with rc_context({**_STYLE, "savefig.facecolor": "white"}), new_file(path) as temporary:
        width, height = _INCHES
        figure = Figure(figsize=(width * len(charts), height + 0.4), layout="constrained")
        for axes, chart in zip(figure.subplots(1, len(charts), squeeze=False)[0], charts, strict=True):
            chart.paint(axes)
            axes.set_title(chart.caption)
            axes.legend(axes.lines[: len(chart.legend)], [key.name for key in chart.legend], frameon=False)
        figure.savefig(temporary, format="png", dpi=150, metadata={"Software": None})


def _inline(document: str, name: str, caption: str) -> str:
    body = document[document.index(">", document.index("<svg")) + 1 :]
    body = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", body)
    width, height = (72 * inches for inches in _INCHES)
    head = f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{Markup.escape(caption)}">'
    return head + body.strip().replace(_INK, "currentColor")
