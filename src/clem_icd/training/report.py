"""The report of a run, where the packages for it are installed."""

from __future__ import annotations

from pathlib import Path

from clem_icd.errors import MissingExtraError
from clem_icd.extras import optional
from clem_icd.progress import Observer
from clem_icd.runs.points import Point, passing


def report_run(run: Path, observer: Observer) -> None:
    """Write learning curves and report of a run, or say in one line which package they need.

    Training takes hours: it must not fail at the end because a plotting package is missing.

    Parameters
    ----------
    run
        The folder of a run, or of runs with several seeds.

    """
    passing(Point.REPORT_WRITING)
    try:
        for package in ("jinja2", "matplotlib"):
            optional(package, "The report")
        from clem_icd.reporting.report import write_learning_curves, write_report

        write_learning_curves(run)
        write_report(run)
    except MissingExtraError as missing:
        observer.say(f"No report was written. {missing}")
