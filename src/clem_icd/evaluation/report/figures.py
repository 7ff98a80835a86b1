"""The charts of the report, each from the part of a run folder that it shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from clem_icd.evaluation.report.run import Document, RunResults
from clem_icd.evaluation.report.svg import Chart, Key, Panel, draw, line_style
from clem_icd.evaluation.report.tables import training_notes

__all__ = [
    "bucket_panels",
    "label_panel",
    "learning_charts",
    "learning_panels",
    "length_panel",
    "threshold_panel",
]

_LOG_FROM = 20
"""A loss whose largest value is this many times its smallest is drawn on a logarithmic axis."""

_FEW = 40
"""A curve of so many points or fewer shows each of them."""

_Series = Sequence[tuple[Key, Sequence[float], Sequence[float]]]


def learning_panels(history: Sequence[Document]) -> list[Panel]:
    """Draw the learning curves of a run."""
    return [draw(chart.name, chart.caption, chart.paint, chart.legend) for chart in learning_charts(history)]


def learning_charts(history: Sequence[Document]) -> list[Chart]:
    """Return the two curves of the paper's Figures 1 and 2: loss, and F1 on validation, by epoch."""
    loss = [("loss", "Training"), ("eval_loss", "Validation")]
    f1 = [("eval_micro_f1", "Micro-F1"), ("eval_macro_f1_all_labels", "Macro-F1 (all labels)")]
    f1_caption = "F1 on validation by epoch, at threshold 0.5."
    charts = [
        _curves("loss", "Loss by epoch.", _from_history(history, loss, 1), "loss"),
        _curves("f1", f1_caption, _from_history(history, f1, 100), "F1 (percent)"),
    ]
    return [chart for chart in charts if chart is not None]


def bucket_panels(runs: Sequence[RunResults]) -> list[Panel]:
    """Draw F1 by how often a label was seen in training, all runs together."""
    evaluated = [
        (line_style(run.name, place), run.test["buckets"])
        for place, run in enumerate(runs)
        if run.test is not None and run.test.get("buckets")
    ]
    if not evaluated:
        return []
    return [
        _bucket_panel("micro_f1", "Micro-F1", evaluated),
        _bucket_panel("macro_f1", "Macro-F1", evaluated),
    ]


def threshold_panel(validation: Document, threshold: float | None) -> Panel | None:
    """Draw micro-F1 on the validation split by threshold, and where the run's threshold stands."""
    curve = validation.get("threshold_curve")
    if not curve:
        return None

    def paint(axes: Axes) -> None:
        axes.plot(curve["threshold"], _percent(curve["micro_f1"]), color=line_style("", 0).colour)
        if threshold is not None:
            axes.axvline(threshold, color=line_style("", 1).colour, linestyle=(0, (5, 2)))
        _label(axes, "threshold (probability)", "micro-F1 (percent)")

    keys = [line_style("Micro-F1 on validation", 0)]
    if threshold is not None:
        keys.append(line_style(f"Threshold of this run, {threshold:.3g}", 1))
    return draw("threshold", "Micro-F1 on validation by decision threshold.", paint, keys)


def length_panel(description: Document) -> Panel | None:
    """Draw how long the notes of each split are; the last bin, which takes the longest, is only told of."""
    histogram = description.get("word_histogram")
    if not histogram:
        return None
    keys = [line_style(split, place) for place, split in enumerate(histogram["counts"])]

    def paint(axes: Axes) -> None:
        for key, counts in zip(keys, histogram["counts"].values(), strict=True):
            shares = np.asarray(counts) / max(1, sum(counts))
            axes.stairs(100 * shares[:-1], histogram["edges"][:-1], color=key.colour, linestyle=_line(key))
        _label(axes, "length of a note (words)", "share of the split (percent)")

    longest = f"notes of more than {histogram['edges'][-2]:,.0f} words are not drawn"
    return draw("length", f"Length of the notes, by split; {longest}.", paint, keys)


def label_panel(description: Document) -> Panel | None:
    """Draw the training notes of each label, from the most frequent to the rarest, both axes logarithmic."""
    counts = [count for count in description.get("label_counts") or [] if count > 0]
    if not counts:
        return None

    def paint(axes: Axes) -> None:
        axes.loglog(range(1, len(counts) + 1), counts, color=line_style("", 0).colour)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
            axis.set_minor_formatter(NullFormatter())
        _label(axes, "rank of the label", "training notes with the label", from_zero=False)

    unseen = len(description["label_counts"]) - len(counts)
    return draw("labels", f"How often each label occurs in training; {unseen:,} labels never do.", paint)


def _from_history(history: Sequence[Document], names: Sequence[tuple[str, str]], scale: float) -> _Series:
    series = []
    for place, (name, title) in enumerate(names):
        rows = [row for row in history if _is_number(row.get(name)) and _is_number(row.get("epoch"))]
        if rows:
            key = line_style(title, place)
            series.append((key, [row["epoch"] for row in rows], [scale * row[name] for row in rows]))
    return series


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and bool(np.isfinite(value))


def _curves(name: str, caption: str, series: _Series, unit: str) -> Chart | None:
    if not series:
        return None

    def paint(axes: Axes) -> None:
        for key, epochs, values in series:
            marker = "o" if len(values) <= _FEW else ""
            axes.plot(epochs, values, color=key.colour, linestyle=_line(key), marker=marker)
        wide = _is_wide([value for _, _, values in series for value in values])
        if wide:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        _label(axes, "epoch", unit, from_zero=not wide)

    return Chart(name, caption, paint, [key for key, _, _ in series])


def _is_wide(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) >= _LOG_FROM * min(values)


def _bucket_panel(name: str, title: str, evaluated: Sequence[tuple[Key, Sequence[Document]]]) -> Panel:
    spans = {bucket["low"]: training_notes(bucket) for _, buckets in evaluated for bucket in buckets}
    places = {low: place for place, low in enumerate(sorted(spans))}

    def paint(axes: Axes) -> None:
        for key, buckets in evaluated:
            at, height = [places[bucket["low"]] for bucket in buckets], [bucket[name] for bucket in buckets]
            axes.plot(at, _percent(height), color=key.colour, linestyle=_line(key), marker="o")
        axes.set_xticks(list(places.values()), [spans[low] for low in places])
        _label(axes, "training notes of the label", f"{title} (percent)")

    caption = f"{title} over the labels of each bucket, by how often they were seen in training."
    return draw(f"bucket-{name}", caption, paint, [key for key, _ in evaluated])


def _label(axes: Axes, x: str, y: str, *, from_zero: bool = True) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if from_zero:
        axes.set_ylim(bottom=0)


def _percent(shares: Sequence[float]) -> list[float]:
    return [100 * share for share in shares]


def _line(key: Key) -> Any:
    return (0, key.dashes) if key.dashes else "solid"
