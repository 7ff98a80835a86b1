"""Learning curves: loss and F1 by epoch, of a run or of several seeds and their mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from clem_icd.reporting.report.figures.axes import THIN, label_axes, line_of
from clem_icd.reporting.report.svg import Chart, Key, line_style
from clem_icd.runs.results import Document, RunResults

__all__ = ["learning_charts"]

_LOG_FROM = 20
"""A loss whose largest value is this many times its smallest is drawn on a logarithmic axis."""

_FEW = 40
"""A curve of so many points or fewer shows each of them."""

_Curve = tuple[list[float], list[float]]


@dataclass(frozen=True)
class _Series:
    """A curve of the legend, and those of the single seeds behind it."""

    key: Key
    curve: _Curve
    seeds: Sequence[_Curve]


def learning_charts(run: RunResults) -> list[Chart]:
    """Return the two curves of the paper's Figures 1 and 2: loss, and F1 on validation, by epoch."""
    histories = [each.history for each in run.seeds or [run] if each.history]
    loss = [("loss", "Training"), ("eval_loss", "Validation")]
    f1 = [("eval_micro_f1", "Micro-F1"), ("eval_macro_f1_all_labels", "Macro-F1 (all labels)")]
    mean = (
        f" Thin: each of {len(histories)} seeds; thick: their mean, while all go on."
        if len(histories) > 1
        else ""
    )
    f1_caption = f"F1 on validation by epoch, at threshold 0.5.{mean}"
    charts = [
        _chart("loss", f"Loss by epoch.{mean}", _all_series(histories, loss, 1), "loss"),
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
    """Average over the epochs that every seed has: later ones are only of those that did not stop."""
    at: dict[float, list[float]] = defaultdict(list)
    for epochs, values in curves:
        for epoch, value in zip(epochs, values, strict=True):
            at[epoch].append(value)
    shared = [epoch for epoch in sorted(at) if len(at[epoch]) == len(curves)]
    return shared, [float(np.mean(at[epoch])) for epoch in shared]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and bool(np.isfinite(value))


def _chart(name: str, caption: str, series: Sequence[_Series], unit: str) -> Chart | None:
    if not series:
        return None

    def paint(axes: Axes) -> None:
        for one in series:
            style = {"color": one.key.colour, "linestyle": line_of(one.key)}
            for curve in one.seeds:
                axes.plot(*curve, **style, **THIN)
        for one in series:
            marker = "o" if len(one.curve[0]) <= _FEW else ""
            axes.plot(*one.curve, color=one.key.colour, linestyle=line_of(one.key), marker=marker)
        wide = _is_wide([value for one in series for curve in (one.curve, *one.seeds) for value in curve[1]])
        if wide:
            _use_logarithm(axes)
        label_axes(axes, "epoch", unit, from_zero=not wide)

    return Chart(name, caption, paint, [one.key for one in series])


def _is_wide(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) >= _LOG_FROM * min(values)


def _use_logarithm(axes: Axes) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
