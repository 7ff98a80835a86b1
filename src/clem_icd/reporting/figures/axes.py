"""Axes, lines and percentages, shared by all figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clem_icd.reporting.figures.chart import Key

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["GUIDE", "THIN", "label_axes", "line_of", "percentages"]

THIN: dict[str, Any] = {"alpha": 0.55, "linewidth": 0.8}
"""Style of the line of one seed next to the mean of all seeds."""

GUIDE: dict[str, Any] = {"color": "#7f7f7f", "linewidth": 0.7, "alpha": 0.7, "zorder": 1}
"""Style of lines to read values by: a grey that is visible on white, on black and in print."""

_HEADROOM = 1.05


def label_axes(axes: Axes, x: str, y: str, *, from_zero: bool = True) -> None:
    """Label the axes, units included; a y axis from zero gets some room above the highest point."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if from_zero:
        # The default margin is a fraction of the range of the values, which may be smaller than the values.
        axes.set_ylim(0, max(axes.get_ylim()[1], _HEADROOM * axes.dataLim.y1))


def percentages(shares: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert shares (0 to 1) to percent."""
    return 100 * np.asarray(shares, dtype=np.float64)


def line_of(key: Key) -> Any:
    """Return the line style of a legend key in matplotlib's form."""
    return (0, key.dashes) if key.dashes else "solid"
