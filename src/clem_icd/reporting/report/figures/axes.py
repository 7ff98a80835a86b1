"""What the figures share: names of axes, percentages, lines and the thin ones of seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from clem_icd.reporting.report.svg import Key

__all__ = ["THIN", "label_axes", "line_of", "percent"]

THIN: dict[str, Any] = {"alpha": 0.55, "linewidth": 0.8}
"""How the line of one seed is drawn beside the mean of all."""


_HEADROOM = 1.05


def label_axes(axes: Axes, x: str, y: str, *, from_zero: bool = True) -> None:
    """Name the axes, with their units; an ordinate from 0 has room above the highest mark."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if from_zero:
        # The margin so far is a part of how far the values reach, which may be little of how high they are.
        axes.set_ylim(0, max(axes.get_ylim()[1], _HEADROOM * axes.dataLim.y1))


def percent(shares: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return shares of 1 in percent."""
    return 100 * np.asarray(shares, dtype=np.float64)


def line_of(key: Key) -> Any:
    """Return the line style of a key as matplotlib takes it."""
    return (0, key.dashes) if key.dashes else "solid"
