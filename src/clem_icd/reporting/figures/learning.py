"""Learning curves: loss and F1 by epoch, for one run or for several seeds and their mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from clem_icd.reporting.figures.axes import THIN, label_axes, line_of
from clem_icd.reporting.figures.backend import matplotlib
from clem_icd.reporting.figures.chart import Chart, Key, line_style
from clem_icd.runs.results import Document, RunResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["learning_charts"]

_LOGARITHMIC_RATIO = 20
"""A loss is drawn on a logarithmic axis if its largest value is at least this multiple of its smallest."""

_MAX_MARKERS = 40
"""A curve with at most this many points shows a marker at each."""

_Curve = tuple[list[float], list[float]]


@dataclass(frozen=True)
class _Series:
    """A curve with an entry in the legend, and the curves of the seeds that it averages."""

    key: Key
    curve: _Curve
    seeds: Sequence[_Curve]


def learning_charts(run: RunResults) -> list[Chart]:
    """Return loss by epoch and validation F1 by epoch, as in Figures 1 and 2 of the paper."""
    histories = [each.history for each in run.seeds or [run] if each.history]
    loss = [("loss", "Training"), ("eval_loss", "Validation")]
    f1 = [("eval_micro_f1", "Micro-F1"), ("eval_macro_f1_all_labels", "Macro-F1 (all labels)")]
    explained = (
        f" Thin: each of {len(histories)} seeds; thick: their mean, as far as all seeds ran."
        if len(histories) > 1
        else ""
    )
    f1_caption = f"F1 on validation by epoch, at threshold 0.5.{explained}"
    charts = [
        _chart("loss", f"Loss by epoch.{explained}", _all_series(histories, loss, 1), "loss"),
        _chart("f1", f1_caption, _all_series(histories, f1, 100), "F1 (percent)"),
    ]
    return [chart for chart in charts if chart is not None]


def _all_series(
    histories: Sequence[Sequence[Document]], names: Sequence[tuple[str, str]], scale: float
) -> list[_Series]:
    series = []
    for place, (name, title) in enumerate(names):
        curves = [curve for history in histories if (curve := _curve(history, name, scale))[0]]
        if curves:
            several = len(histories) > 1
            mean = _mean(curves) if several else curves[0]
            series.append(_Series(line_style(title, place), mean, curves if several else []))
    return series


def _curve(history: Sequence[Document], name: str, scale: float) -> _Curve:
    rows = [row for row in history if _is_number(row.get(name)) and _is_number(row.get("epoch"))]
    return [row["epoch"] for row in rows], [scale * row[name] for row in rows]


def _mean(curves: Sequence[_Curve]) -> _Curve:
    """Average over the epochs that every seed reached: later ones exist only for seeds that kept training."""
    values_at: dict[float, list[float]] = defaultdict(list)
    for epochs, values in curves:
        for epoch, value in zip(epochs, values, strict=True):
            values_at[epoch].append(value)
    shared = [epoch for epoch in sorted(values_at) if len(values_at[epoch]) == len(curves)]
    return shared, [float(np.mean(values_at[epoch])) for epoch in shared]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and bool(np.isfinite(value))


def _chart(name: str, caption: str, series: Sequence[_Series], unit: str) -> Chart | None:
    if not series:
        return None

    def paint(axes: Axes) -> None:
        for one in series:
            for curve in one.seeds:
                axes.plot(*curve, color=one.key.colour, linestyle=line_of(one.key), **THIN)
        for one in series:
            marker = "o" if len(one.curve[0]) <= _MAX_MARKERS else ""
            axes.plot(*one.curve, color=one.key.colour, linestyle=line_of(one.key), marker=marker)
        wide = _is_wide([value for one in series for curve in (one.curve, *one.seeds) for value in curve[1]])
        if wide:
            _use_logarithm(axes)
        label_axes(axes, "epoch", unit, from_zero=not wide)

    return Chart(name, caption, paint, [one.key for one in series])


def _is_wide(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) >= _LOGARITHMIC_RATIO * min(values)


def _use_logarithm(axes: Axes) -> None:
    ticker = matplotlib("ticker")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(ticker.NullFormatter())
