"""Figures of a corpus: lengths of notes and frequencies of labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clem_icd.reporting.figures.axes import label_axes, line_of
from clem_icd.reporting.figures.backend import matplotlib
from clem_icd.reporting.figures.chart import Chart, line_style
from clem_icd.runs.results import Document

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["label_chart", "length_chart"]


def length_chart(description: Document) -> Chart | None:
    """Return a histogram of note lengths by split; only the caption mentions the open-ended last bin."""
    histogram = description.get("word_histogram")
    if not histogram:
        return None
    keys = [line_style(split, place) for place, split in enumerate(histogram["counts"])]

    def paint(axes: Axes) -> None:
        for key, counts in zip(keys, histogram["counts"].values(), strict=True):
            shares = np.asarray(counts) / max(1, sum(counts))
            axes.stairs(100 * shares[:-1], histogram["edges"][:-1], color=key.colour, linestyle=line_of(key))
        label_axes(axes, "length of a note (words)", "share of the split (percent)")

    longest = f"notes of more than {histogram['edges'][-2]:,.0f} words are not drawn"
    return Chart("length", f"Length of the notes by split; {longest}.", paint, keys)


def label_chart(description: Document) -> Chart | None:
    """Return the training notes per label, from the most to the least frequent, on logarithmic axes."""
    counts = [count for count in description.get("label_counts") or [] if count > 0]
    if not counts:
        return None

    def paint(axes: Axes) -> None:
        axes.loglog(range(1, len(counts) + 1), counts, color=line_style("", 0).colour)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:,.0f}")
            axis.set_minor_formatter(matplotlib("ticker").NullFormatter())
        label_axes(axes, "rank of the label", "training notes with the label", from_zero=False)

    unseen = len(description["label_counts"]) - len(counts)
    return Chart("labels", f"Training notes per label, by rank; {unseen:,} labels have none.", paint)
