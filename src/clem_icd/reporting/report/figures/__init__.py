"""The figures of the report: each is a chart yet to be drawn, and a panel when it is.

A chart is of the runs that it is given, in their colours; None where they hold nothing to draw. A run
with several seeds is drawn as each of them and their mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clem_icd.reporting.report.figures.corpus import label_chart, length_chart
from clem_icd.reporting.report.figures.decisions import (
    calibration_chart,
    precision_recall_chart,
    threshold_chart,
)
from clem_icd.reporting.report.figures.frequency import bucket_charts
from clem_icd.reporting.report.figures.learning import learning_charts
from clem_icd.reporting.report.svg import Chart, Panel, draw
from clem_icd.runs.results import RunResults

__all__ = [
    "all_charts",
    "bucket_panels",
    "calibration_panel",
    "corpus_panels",
    "decision_panels",
    "learning_charts",
    "learning_panels",
    "precision_recall_panel",
    "threshold_panel",
]


def all_charts(runs: Sequence[RunResults]) -> list[Chart]:
    """Return every chart of a report, those of one run being of the first."""
    return [*learning_charts(runs[0]), *bucket_charts(runs), *_decisions(runs), *_corpus(runs[0])]


def learning_panels(run: RunResults) -> list[Panel]:
    """Draw the learning curves of a run."""
    return _drawn(learning_charts(run))


def bucket_panels(runs: Sequence[RunResults]) -> list[Panel]:
    """Draw F1 by how often a label was seen in training, all runs together."""
    return _drawn(bucket_charts(runs))


def decision_panels(runs: Sequence[RunResults]) -> list[Panel]:
    """Draw the threshold curve, precision by recall and calibration, as far as they are there."""
    return _drawn(_decisions(runs))


def threshold_panel(runs: Sequence[RunResults]) -> Panel | None:
    """Draw micro-F1 on the validation split by threshold."""
    return next(iter(_drawn([threshold_chart(runs)])), None)


def precision_recall_panel(runs: Sequence[RunResults]) -> Panel | None:
    """Draw precision by recall."""
    return next(iter(_drawn([precision_recall_chart(runs)])), None)


def calibration_panel(runs: Sequence[RunResults]) -> Panel | None:
    """Draw how many of the promised codes come true."""
    return next(iter(_drawn([calibration_chart(runs)])), None)


def corpus_panels(run: RunResults) -> list[Panel]:
    """Draw the lengths of the notes and the counts of the labels."""
    return _drawn(_corpus(run))


def _decisions(runs: Sequence[RunResults]) -> list[Chart]:
    return _present([precision_recall_chart(runs), threshold_chart(runs), calibration_chart(runs)])


def _corpus(run: RunResults) -> list[Chart]:
    return _present([length_chart(run.description or {}), label_chart(run.description or {})])


def _present(charts: Iterable[Chart | None]) -> list[Chart]:
    return [chart for chart in charts if chart is not None]


def _drawn(charts: Iterable[Chart | None]) -> list[Panel]:
    return [draw(chart) for chart in _present(charts)]
