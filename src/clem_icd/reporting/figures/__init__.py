"""Figures of the report: each is a `Chart` to be drawn, or a `Panel` once it is.

A chart shows the given runs, each in its own colour, and is None if they hold nothing to draw. Several seeds
are drawn as thin lines, with their mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clem_icd.reporting.figures.calibration import calibration_chart
from clem_icd.reporting.figures.chart import Chart, Panel
from clem_icd.reporting.figures.corpus import label_chart, length_chart
from clem_icd.reporting.figures.decisions import precision_recall_chart, threshold_chart
from clem_icd.reporting.figures.drawing import draw
from clem_icd.reporting.figures.frequency import bucket_charts
from clem_icd.reporting.figures.learning import learning_charts
from clem_icd.runs.results import RunResults

__all__ = [
    "all_charts",
    "bucket_panels",
    "corpus_panels",
    "decision_panels",
    "learning_charts",
    "learning_panels",
]


def all_charts(runs: Sequence[RunResults]) -> list[Chart]:
    """Return every chart of a report; those of a single run show the first."""
    return [*learning_charts(runs[0]), *bucket_charts(runs), *_decisions(runs), *_corpus(runs[0])]


def learning_panels(run: RunResults) -> list[Panel]:
    """Draw the learning curves of a run."""
    return _drawn(learning_charts(run))


def bucket_panels(runs: Sequence[RunResults]) -> list[Panel]:
    """Draw F1 by label frequency, for all runs together."""
    return _drawn(bucket_charts(runs))


def decision_panels(runs: Sequence[RunResults]) -> list[Panel]:
    """Draw precision by recall, the threshold curve and calibration, as far as available."""
    return _drawn(_decisions(runs))


def corpus_panels(run: RunResults) -> list[Panel]:
    """Draw the lengths of the notes and the frequencies of the labels."""
    return _drawn(_corpus(run))


def _decisions(runs: Sequence[RunResults]) -> list[Chart]:
    return _present([precision_recall_chart(runs), threshold_chart(runs), calibration_chart(runs)])


def _corpus(run: RunResults) -> list[Chart]:
    return _present([length_chart(run.description or {}), label_chart(run.description or {})])


def _present(charts: Iterable[Chart | None]) -> list[Chart]:
    return [chart for chart in charts if chart is not None]


def _drawn(charts: Iterable[Chart]) -> list[Panel]:
    return [draw(chart) for chart in charts]
