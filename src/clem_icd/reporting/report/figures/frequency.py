"""F1 by how often a label was seen in training, all runs together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from clem_icd.reporting.report.figures.axes import label_axes, line_of, percent
from clem_icd.reporting.report.svg import Chart, Key, line_style
from clem_icd.reporting.report.tables import training_notes
from clem_icd.runs.results import Document, RunResults

__all__ = ["bucket_charts"]

_SPREAD_OUT = 0.09
"""How far beside each other the runs of a bucket stand, so that their error bars do not cover each other."""

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
    spans = {bucket["low"]: training_notes(bucket) for bucket in buckets}
    places = {low: place for place, low in enumerate(sorted(spans))}

    def paint(axes: Axes) -> None:
        for number, (key, test) in enumerate(evaluated):
            beside = _SPREAD_OUT * (number - (len(evaluated) - 1) / 2)
            at = [places[bucket["low"]] + beside for bucket in test["buckets"]]
            heights = percent([bucket[name] for bucket in test["buckets"]])
            axes.errorbar(
                at,
                heights,
                yerr=percent(_bars(test, name)),
                color=key.colour,
                linestyle=line_of(key),
                marker="o",
                elinewidth=1.0,
                capsize=2.5,
            )
        axes.set_xticks(list(places.values()), [spans[low] for low in places])
        label_axes(axes, "training notes of the label", f"{title} (percent)")

    caption = f"{title} of each bucket, by how often they were seen in training."
    return Chart(f"bucket-{name}", caption + _explained(evaluated), paint, [key for key, _ in evaluated])


def _bars(test: Document, name: str) -> NDArray[np.float64]:
    """Return how far the bar of each bucket reaches down and up, 0 where nothing is known [2, buckets]."""
    if "spread" in test:
        deviations = [bucket["spread"][name]["sd"] or 0.0 for bucket in test["buckets"]]
        return np.array([deviations, deviations])
    intervals = test.get("intervals", {}).get("metrics", {})
    reach = []
    for bucket in test["buckets"]:
        own = intervals.get(f"{name}_train_count_{bucket['name']}")
        value = bucket[name]
        # An interval of a skewed metric may lie to one side of the value.
        reach.append([max(0.0, value - own["low"]), max(0.0, own["high"] - value)] if own else [0.0, 0.0])
    return np.array(reach).T


def _explained(evaluated: _Evaluated) -> str:
    """Say what the bars are, which depends on whether there are seeds."""
    seeds = any("spread" in test for _, test in evaluated)
    intervals = any("spread" not in test and "intervals" in test for _, test in evaluated)
    said = []
    if seeds:
        said.append("one standard deviation over seeds to both sides")
    if intervals:
        said.append("the 95 % interval of a single run")
    return f" Bars: {', or '.join(said)}." if said else ""
