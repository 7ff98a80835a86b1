"""Figure of calibration: how often pairs of note and label are positive, by their probability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clem_icd.reporting.figures.axes import GUIDE, line_of, percentages
from clem_icd.reporting.figures.backend import matplotlib
from clem_icd.reporting.figures.chart import Chart, line_style
from clem_icd.runs.results import Document, RunResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["calibration_chart"]


def calibration_chart(runs: Sequence[RunResults]) -> Chart | None:
    """Return the share of positive pairs by probability, and below it the number of pairs."""
    drawn = [
        (line_style(run.name, place), calibrations)
        for place, run in enumerate(runs)
        if (calibrations := [found for one in run.seeds or [run] if (found := _calibration(one.test))])
    ]
    if not drawn:
        return None

    def paint(axes: Axes) -> None:
        axes.plot([0, 100], [0, 100], **GUIDE)
        for key, calibrations in drawn:
            bins = _pooled(calibrations)
            axes.plot(
                percentages([one["mean_score"] for one in bins]),
                percentages([one["share_positive"] for one in bins]),
                color=key.colour,
                linestyle=line_of(key),
                marker="o",
            )
        axes.set(xlim=(0, 100), ylim=(0, 102))
        axes.set_ylabel("positive (percent)")

    def paint_counts(axes: Axes) -> None:
        for key, calibrations in drawn:
            edges, counts = _histogram(_pooled(calibrations))
            axes.stairs(counts, edges, color=key.colour, linestyle=line_of(key))
        axes.set_yscale("log")
        axes.yaxis.set_minor_locator(matplotlib("ticker").NullLocator())
        axes.set(xlabel="probability (percent)", ylabel="pairs")

    errors = "; ".join(f"{key.name} {_errors(calibrations)}" for key, calibrations in drawn)
    caption = (
        "Pairs of note and label by probability. Above: the share that is positive; perfect calibration "
        f"follows the grey line. Below: the number of pairs. Expected calibration error in percent: {errors}."
    )
    return Chart("calibration", caption, paint, [key for key, _ in drawn], below=paint_counts)


def _calibration(test: Document | None) -> Document | None:
    calibration: Document = (test or {}).get("calibration", {})
    return calibration if calibration.get("bins") else None


def _pooled(calibrations: Sequence[Document]) -> list[dict[str, float]]:
    """Pool the bins of several seeds, weighted by pairs; counts are averages per seed."""
    pooled: dict[float, dict[str, float]] = {}
    for one in (one for calibration in calibrations for one in calibration["bins"]):
        sums = pooled.setdefault(one["low"], {"low": one["low"], "high": one["high"], "count": 0.0})
        for name in ("mean_score", "share_positive"):
            sums[name] = sums.get(name, 0.0) + one["count"] * one[name]
        sums["count"] += one["count"]
    for sums in pooled.values():
        for name in ("mean_score", "share_positive"):
            sums[name] /= sums["count"]
        sums["count"] /= len(calibrations)
    return [pooled[low] for low in sorted(pooled)]


def _histogram(bins: Sequence[Document]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return edges in percent [bins + 1] and counts [bins]; a gap becomes a bin with a count of NaN."""
    edges, counts = [bins[0]["low"]], []
    for one in bins:
        if one["low"] > edges[-1]:
            edges.append(one["low"])
            counts.append(np.nan)
        edges.append(one["high"])
        counts.append(one["count"])
    return percentages(edges), np.asarray(counts)


def _errors(calibrations: Sequence[Document]) -> str:
    """Format the error over all pairs, which many unlikely pairs make small, and over the rest."""
    text = _mean_of(calibrations, "ece")
    if all("ece_above_floor" in calibration for calibration in calibrations):
        text += f" ({_mean_of(calibrations, 'ece_above_floor')} above {calibrations[0]['floor']:g})"
    return text


def _mean_of(calibrations: Sequence[Document], name: str) -> str:
    return f"{100 * float(np.mean([calibration[name] for calibration in calibrations])):.2f}"
