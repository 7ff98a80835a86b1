"""Figures of decisions: micro-F1 by threshold, and precision by recall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clem_icd.reporting.figures.axes import GUIDE, THIN, label_axes, line_of, percentages
from clem_icd.reporting.figures.chart import Chart, Key, line_style
from clem_icd.runs.results import Document, RunResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["precision_recall_chart", "threshold_chart"]

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]

_ISO_F1 = (0.2, 0.4, 0.6, 0.8)
_CIRCLE: dict[str, Any] = {
    "marker": "o",
    "markerfacecolor": "none",
    "markersize": 7,
    "markeredgewidth": 1.6,
    "linestyle": "none",
    "zorder": 5,
}


def threshold_chart(runs: Sequence[RunResults]) -> Chart | None:
    """Return validation micro-F1 by threshold, with the threshold of each run marked."""
    drawn = [
        (line_style(run.name, place), curves)
        for place, run in enumerate(runs)
        if (curves := [(curve, one.threshold) for one in run.seeds or [run] if (curve := _f1_curve(one))])
    ]
    if not drawn:
        return None

    def paint(axes: Axes) -> None:
        for key, curves in drawn:
            _paint_curves(axes, key, [curve for curve, _ in curves])
            for (at, heights), threshold in curves:
                if threshold is not None:
                    axes.plot(threshold, np.interp(threshold, at, heights), color=key.colour, **_CIRCLE)
        label_axes(axes, "threshold (probability)", "micro-F1 (percent)")

    caption = "Micro-F1 on validation by decision threshold. Circle: the threshold in use."
    return Chart("threshold", caption + _seeds_explained(runs), paint, [key for key, _ in drawn])


def precision_recall_chart(runs: Sequence[RunResults]) -> Chart | None:
    """Return precision by recall over all pairs of note and label, with the decisions of each run marked."""
    drawn = [
        (line_style(run.name, place), run, curves)
        for place, run in enumerate(runs)
        if (curves := [curve for one in run.seeds or [run] if (curve := _precision_by_recall(one.test))])
    ]
    if not drawn:
        return None

    def paint(axes: Axes) -> None:
        _paint_iso_f1(axes)
        for key, run, curves in drawn:
            _paint_curves(axes, key, curves)
            metrics = (run.test or {}).get("metrics", {})
            if "micro_recall" in metrics and "micro_precision" in metrics:
                at = percentages([metrics["micro_recall"]]), percentages([metrics["micro_precision"]])
                axes.plot(*at, color=key.colour, **_CIRCLE)
        axes.set(xlim=(0, 100), ylim=(0, 102))
        label_axes(axes, "micro-recall (percent)", "micro-precision (percent)", from_zero=False)

    caption = (
        "Precision by recall over all pairs of note and label. Circle: the decisions made. Grey: equal F1."
    )
    keys = [key for key, _, _ in drawn]
    return Chart("precision-recall", caption + _seeds_explained(runs), paint, keys)


def _seeds_explained(runs: Sequence[RunResults]) -> str:
    return " Thin: each seed; thick: their mean." if any(run.seeds for run in runs) else ""


def _f1_curve(run: RunResults) -> Curve | None:
    curve = (run.validation or {}).get("threshold_curve")
    return (np.asarray(curve["threshold"]), percentages(curve["micro_f1"])) if curve else None


def _precision_by_recall(test: Document | None) -> Curve | None:
    curve = (test or {}).get("precision_recall_curve")
    return (percentages(curve["recall"]), percentages(curve["precision"])) if curve else None


def _paint_curves(axes: Axes, key: Key, curves: Sequence[Curve]) -> None:
    """Draw the curve of a run; for several seeds, each of them thin, and their mean."""
    if len(curves) > 1:
        for curve in curves:
            axes.plot(*curve, color=key.colour, linestyle=line_of(key), **THIN)
    axes.plot(*_mean(curves), color=key.colour, linestyle=line_of(key))


def _mean(curves: Sequence[Curve]) -> Curve:
    """Average curves over the range that all of them cover, at the points of the first."""
    low, high = max(at[0] for at, _ in curves), min(at[-1] for at, _ in curves)
    shared = curves[0][0]
    shared = shared[(shared >= low) & (shared <= high)]
    return shared, np.mean([np.interp(shared, at, heights) for at, heights in curves], axis=0)


def _paint_iso_f1(axes: Axes) -> None:
    for f1 in _ISO_F1:
        recall = np.linspace(f1 / (2 - f1), 1, 100)
        axes.plot(percentages(recall), percentages(f1 * recall / (2 * recall - f1)), **GUIDE)
        axes.annotate(
            f"F1 {100 * f1:.0f}",
            (100, 100 * f1 / (2 - f1)),
            xytext=(-3, 2),
            textcoords="offset points",
            ha="right",
            fontsize="small",
            color=GUIDE["color"],
        )
