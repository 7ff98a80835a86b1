"""Figures of what is decided by the scores: threshold curve, precision and recall, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from clem_icd.reporting.report.figures.axes import THIN, label_axes, line_of, percent
from clem_icd.reporting.report.svg import Chart, Key, line_style
from clem_icd.runs.results import Document, RunResults

__all__ = ["calibration_chart", "precision_recall_chart", "threshold_chart"]

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]

_ISO_F1 = (0.2, 0.4, 0.6, 0.8)
_FAINT: dict[str, Any] = {"color": "#7f7f7f", "linewidth": 0.7, "alpha": 0.7, "zorder": 1}
"""Lines to read by: a grey that stands on white, on black and in print."""

_MARK: dict[str, Any] = {
    "marker": "o",
    "markersize": 7,
    "markeredgewidth": 1.6,
    "linestyle": "none",
    "zorder": 5,
}


def threshold_chart(runs: Sequence[RunResults]) -> Chart | None:
    """Show micro-F1 on validation by threshold, and mark the threshold of each run."""
    drawn = [
        (line_style(run.name, place), curves)
        for place, run in enumerate(runs)
        if (curves := [(curve, one.threshold) for one in _singles(run) if (curve := _f1_curve(one))])
    ]
    if not drawn:
        return None

    def paint(axes: Axes) -> None:
        for key, curves in drawn:
            _paint_curves(axes, key, [curve for curve, _ in curves])
            for (at, heights), threshold in curves:
                if threshold is not None:
                    height = np.interp(threshold, at, heights)
                    axes.plot(threshold, height, color=key.colour, markerfacecolor="none", **_MARK)
        label_axes(axes, "threshold (probability)", "micro-F1 (percent)")

    caption = "Micro-F1 on validation by decision threshold. Circle: the threshold that decides."
    return Chart("threshold", caption + _seeds_explained(runs), paint, [key for key, _ in drawn])


def precision_recall_chart(runs: Sequence[RunResults]) -> Chart | None:
    """Show precision by recall over all pairs of note and label, and mark where each run decides."""
    drawn = [
        (line_style(run.name, place), run, curves)
        for place, run in enumerate(runs)
        if (curves := [curve for one in _singles(run) if (curve := _precision_by_recall(one.test))])
    ]
    if not drawn:
        return None

    def paint(axes: Axes) -> None:
        _paint_iso_f1(axes)
        for key, run, curves in drawn:
            _paint_curves(axes, key, curves)
            metrics = (run.test or {}).get("metrics", {})
            if "micro_recall" in metrics and "micro_precision" in metrics:
                at = percent([metrics["micro_recall"]]), percent([metrics["micro_precision"]])
                axes.plot(*at, color=key.colour, markerfacecolor="none", **_MARK)
        axes.set(xlim=(0, 100), ylim=(0, 102))
        label_axes(axes, "micro-recall (percent)", "micro-precision (percent)", from_zero=False)

    caption = (
        "Precision by recall, all pairs of note and label together. Circle: what was decided. Grey: equal F1."
    )
    keys = [key for key, _, _ in drawn]
    return Chart("precision-recall", caption + _seeds_explained(runs), paint, keys)


def calibration_chart(runs: Sequence[RunResults]) -> Chart | None:
    """Show the share of pairs that come true by what was promised, and how many pairs promise so much."""
    drawn = [
        (line_style(run.name, place), calibrations)
        for place, run in enumerate(runs)
        if (calibrations := [found for one in _singles(run) if (found := _calibration(one.test))])
    ]
    if not drawn:
        return None

    def paint(axes: Axes) -> None:
        axes.plot([0, 100], [0, 100], **_FAINT)
        for key, calibrations in drawn:
            bins = _pooled(calibrations)
            axes.plot(
                percent([one["mean_score"] for one in bins]),
                percent([one["share_positive"] for one in bins]),
                color=key.colour,
                linestyle=line_of(key),
                marker="o",
            )
        axes.set(xlim=(0, 100), ylim=(0, 102))
        axes.set_ylabel("come true (percent)")

    def paint_counts(axes: Axes) -> None:
        for key, calibrations in drawn:
            edges, counts = _histogram(_pooled(calibrations))
            axes.stairs(counts, edges, color=key.colour, linestyle=line_of(key))
        axes.set_yscale("log")
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set(xlabel="probability (percent)", ylabel="pairs")

    errors = "; ".join(f"{key.name} {_errors(calibrations)}" for key, calibrations in drawn)
    caption = (
        "Pairs of note and label by probability: above, how many of a hundred come true, on the grey line as "
        f"many as promised; below, how many pairs there are. Expected calibration error in percent: {errors}."
    )
    return Chart("calibration", caption, paint, [key for key, _ in drawn], below=paint_counts)


def _singles(run: RunResults) -> Sequence[RunResults]:
    """Return the runs of the seeds, or the run itself."""
    return run.seeds or [run]


def _seeds_explained(runs: Sequence[RunResults]) -> str:
    return " Thin: each seed; thick: their mean." if any(run.seeds for run in runs) else ""


def _f1_curve(run: RunResults) -> Curve | None:
    curve = (run.validation or {}).get("threshold_curve")
    return (np.asarray(curve["threshold"]), percent(curve["micro_f1"])) if curve else None


def _precision_by_recall(test: Document | None) -> Curve | None:
    curve = (test or {}).get("precision_recall_curve")
    return (percent(curve["recall"]), percent(curve["precision"])) if curve else None


def _paint_curves(axes: Axes, key: Key, curves: Sequence[Curve]) -> None:
    """Draw the curve of a run; of several seeds, each of them thin and their mean."""
    if len(curves) > 1:
        for curve in curves:
            axes.plot(*curve, color=key.colour, linestyle=line_of(key), **THIN)
    axes.plot(*_mean(curves), color=key.colour, linestyle=line_of(key))


def _mean(curves: Sequence[Curve]) -> Curve:
    """Average curves where all of them are, at the points of the first."""
    low, high = max(at[0] for at, _ in curves), min(at[-1] for at, _ in curves)
    shared = curves[0][0]
    shared = shared[(shared >= low) & (shared <= high)]
    return shared, np.mean([np.interp(shared, at, heights) for at, heights in curves], axis=0)


def _paint_iso_f1(axes: Axes) -> None:
    for f1 in _ISO_F1:
        recall = np.linspace(f1 / (2 - f1), 1, 100)
        axes.plot(percent(recall), percent(f1 * recall / (2 * recall - f1)), **_FAINT)
        axes.annotate(
            f"F1 {100 * f1:.0f}",
            (100, 100 * f1 / (2 - f1)),
            xytext=(-3, 2),
            textcoords="offset points",
            ha="right",
            fontsize="small",
            color=_FAINT["color"],
        )


def _calibration(test: Document | None) -> Document | None:
    calibration: Document = (test or {}).get("calibration", {})
    return calibration if calibration.get("bins") else None


def _pooled(calibrations: Sequence[Document]) -> list[dict[str, float]]:
    """Put the bins of several seeds together: the count of each is that of one seed on average."""
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


def _histogram(bins: Sequence[Document]) -> Curve:
    """Return edges in percent and counts; a gap between bins is a bin of its own without pairs."""
    edges, counts = [bins[0]["low"]], []
    for one in bins:
        if one["low"] > edges[-1]:
            edges.append(one["low"])
            counts.append(np.nan)
        edges.append(one["high"])
        counts.append(one["count"])
    return percent(edges), np.asarray(counts)


def _errors(calibrations: Sequence[Document]) -> str:
    """Tell the error over all pairs, which the many unlikely ones make small, and over the others."""
    told = _mean_of(calibrations, "ece")
    if all("ece_above_floor" in calibration for calibration in calibrations):
        told += f" ({_mean_of(calibrations, 'ece_above_floor')} above {calibrations[0]['floor']:g})"
    return told


def _mean_of(calibrations: Sequence[Document], name: str) -> str:
    return f"{100 * float(np.mean([calibration[name] for calibration in calibrations])):.2f}"
