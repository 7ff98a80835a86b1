"""Charts before and after drawing, and the styles of their series; nothing here needs matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Chart", "Key", "Panel", "line_style"]

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito 2008, without black and yellow, which vanish on one of the two backgrounds."""

_DASHES: tuple[tuple[float, ...], ...] = ((), (5, 2), (1, 1.2), (6, 2, 1, 2), (3, 1.5))
"""Not as many as there are colours, so that a pair of colour and dashes first repeats after 30 series."""


@dataclass(frozen=True)
class Key:
    """An entry of a legend.

    Attributes
    ----------
    name
        The name of the series.
    colour
        Its colour, as ``#rrggbb``.
    dashes
        Lengths drawn and left out in turn, in line widths; empty for a solid line.

    """

    name: str
    colour: str
    dashes: tuple[float, ...]


@dataclass(frozen=True)
class Panel:
    """A drawn chart.

    Attributes
    ----------
    caption
        The caption, as plain text.
    svg
        The drawing, as an SVG element for an HTML page.
    legend
        The legend, which the page draws.

    """

    caption: str
    svg: str
    legend: Sequence[Key] = ()


@dataclass(frozen=True)
class Chart:
    """A chart to be drawn.

    Attributes
    ----------
    name
        Unique on its page.
    caption
        The caption, as plain text.
    paint
        Paints the chart on empty axes.
    legend
        The legend.
    below
        Paints a second, lower chart on the same x axis.

    """

    name: str
    caption: str
    paint: Callable[[Axes], None]
    legend: Sequence[Key] = ()
    below: Callable[[Axes], None] | None = None


def line_style(name: str, place: int) -> Key:
    """Return the colour and dashes of the ``place``-th series of a chart, distinct in greyscale too."""
    return Key(name, _COLOURS[place % len(_COLOURS)], _DASHES[place % len(_DASHES)])
