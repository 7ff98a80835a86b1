"""F1 by the number of training notes of a label, for all runs together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clem_icd.reporting.figures.axes import label_axes, line_of, percentages
from clem_icd.reporting.figures.chart import Chart, Key, line_style
from clem_icd.reporting.formatting import training_notes
from clem_icd.runs.results import Document, RunResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["bucket_charts"]

_OFFSET = 0.09
"""Distance between the runs of a bucket on the x axis, so that their error bars do not overlap."""

_Evaluated = Sequence[tuple[Key, Document]]


def bucket_charts(runs: Sequence[RunResults]) -> list[Chart]:
    """Return micro-F1 and macro-F1 by label-frequency bucket."""
    evaluated = [
        (line_style(run.name, place), run.test)
        for place, run in enumerate(runs)
        if run.test is not None and run.test.get("buckets")
    ]
    if not evaluated:
        return []
    return [
        _chart("micro_f1", "Micro-F1 over all labels", evaluated),
        _chart("macro_f1", "Macro-F1 over all labels", evaluated),
    ]


def _chart(name: str, title: str, evaluated: _Evaluated) -> Chart:
    buckets = [bucket for _, test in evaluated for bucket in test["buckets"]]
    ranges = {bucket["low"]: training_notes(bucket) for bucket in buckets}
    places = {low: place for place, low in enumerate(sorted(ranges))}

    def paint(axes: Axes) -> None:
        for number, (key, test) in enumerate(evaluated):
            offset = _OFFSET * (number - (len(evaluated) - 1) / 2)
            axes.errorbar(
                [places[bucket["low"]] + offset for bucket in test["buckets"]],
                percentages([bucket[name] for bucket in test["buckets"]]),
                yerr=percentages(_error_bars(test, name)),
                color=key.colour,
                linestyle=line_of(key),
                marker="o",
                elinewidth=1.0,
                capsize=2.5,
            )
        axes.set_xticks(list(places.values()), [ranges[low] for low in places])
        label_axes(axes, "training notes of the label", f"{title} (percent)")

    caption = f"{title} of each bucket, by the number of training notes per label."
    return Chart(
        f"bucket-{name}", caption + _error_bars_explained(evaluated), paint, [key for key, _ in evaluated]
    )


def _error_bars(test: Document, name: str) -> NDArray[np.float64]:
    """Return how far the error bar of each bucket reaches down and up, 0 if unknown [2, buckets]."""
    if "spread" in test:
        deviations = [bucket["spread"][name]["sd"] or 0.0 for bucket in test["buckets"]]
        return np.array([deviations, deviations])
    intervals = test.get("intervals", {}).get("metrics", {})
    reach = []
    for bucket in test["buckets"]:
        value = bucket[name]
        interval = intervals.get(f"{name}_train_count_{bucket['name']}", {"low": value, "high": value})
        # The interval of a skewed metric may be entirely to one side of the value.
        reach.append([max(0.0, value - interval["low"]), max(0.0, interval["high"] - value)])
    return np.array(reach).T


def _error_bars_explained(evaluated: _Evaluated) -> str:
    """Say what the error bars show, which depends on whether there are seeds."""
    seeds = any("spread" in test for _, test in evaluated)
    intervals = any("spread" not in test and "intervals" in test for _, test in evaluated)
    meanings = []
    if seeds:
        meanings.append("one standard deviation over seeds in each direction")
    if intervals:
        meanings.append("the 95 % interval of a single run")
    return f" Error bars: {', or '.join(meanings)}." if meanings else ""
