"""The report of a run as an HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clem_icd.evaluation.headlines import HEADLINES
from clem_icd.reporting import figures
from clem_icd.reporting.html import page_template
from clem_icd.reporting.report import metrics, tables
from clem_icd.runs.layout import RunLayout
from clem_icd.runs.results import RunResults

__all__ = ["report_html"]

_SAME = ("split", "notes", "labels")


def report_html(runs: Sequence[RunResults]) -> str:
    """Return the page on the first of some runs, with the others next to it.

    Raises
    ------
    MissingExtraError
        If jinja2 or matplotlib is not installed.

    """
    # Loaded before the figures are drawn, so that a missing package is reported at once.
    render = page_template("report.html.j2", "The report")
    run = runs[0]
    return render(run=run, runs=runs, files=RunLayout(Path()), **_results(runs), **_corpus(run))


def _results(runs: Sequence[RunResults]) -> dict[str, Any]:
    run = runs[0]
    return {
        "synthetic": [each.name for each in runs if each.synthetic],
        "facts": [metrics.run_facts(each) for each in runs],
        "headlines": metrics.metric_rows(runs, HEADLINES),
        "metrics": metrics.metric_rows(runs),
        "spread_explained": metrics.spread_explained(runs),
        "comparable": _comparable(runs),
        "learning": figures.learning_panels(run),
        "evaluations": tables.evaluation_table(run),
        "decisions": figures.decision_panels(runs),
        "buckets": figures.bucket_panels(runs),
        "bucket_table": tables.bucket_table(runs),
        "evidence": tables.evidence_table(runs),
        "errors": tables.error_tables(run),
        "environment": tables.environment_table(run.environment or {}),
    }


def _corpus(run: RunResults) -> dict[str, Any]:
    if run.description is None:
        return {"description": [], "corpus_panels": []}
    return {
        "description": [tables.split_table(run.description), tables.spread_table(run.description)],
        "corpus_panels": figures.corpus_panels(run),
    }


def _comparable(runs: Sequence[RunResults]) -> bool:
    """Whether all runs were evaluated on the same notes, labels and codes, as far as known."""
    tests = [run.test for run in runs if run.test is not None]
    evaluated = {
        (test["corpus"].get("name"), test.get("profile", "all"), *(test[key] for key in _SAME))
        for test in tests
    }
    identities = {tuple(sorted(test["identity"].items())) for test in tests if "identity" in test}
    return len(evaluated) <= 1 and len(identities) <= 1
