"""The metrics of a run, of its seeds, or of any scores file on a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from clem_icd.cli.tabulation import corpus_title, new_table

if TYPE_CHECKING:
    from rich.console import Console

    from clem_icd.runs.layout import RunLayout

__all__ = ["show_headlines", "show_metrics", "show_run"]


def show_headlines(console: Console, document: dict[str, Any], layout: RunLayout) -> None:
    """Print a few metrics of a run that was just trained, and where the others are."""
    if "best_on_validation" in document:
        _show_seeds(console, document, _details(layout))
        return
    from clem_icd.evaluation.headlines import KEY_METRICS

    intervals = document.get("intervals", {}).get("metrics", {})
    parts = []
    for name in KEY_METRICS:
        bounds = _bounds(intervals.get(name))
        parts.append(
            f"{_metric_title(document, name)} {document['metrics'][name]:.4f}{bounds and f' ({bounds})'}"
        )
    console.print(f"{_title(document)}: {', '.join(parts)}", markup=False)
    _show_end(console, document, _details(layout))


def show_run(console: Console, document: dict[str, Any], layout: RunLayout) -> None:
    """Print the metrics of a run, or of its seeds."""
    if "best_on_validation" in document:
        _show_seeds(console, document, _details(layout))
    else:
        show_metrics(console, document, _details(layout))


def show_metrics(console: Console, document: dict[str, Any], details: Path) -> None:
    """Print the metrics that most tables of the field show, or those of a profile.

    Parameters
    ----------
    details
        The file with all metrics and their definitions.

    """
    from clem_icd.evaluation.headlines import SUMMARY_METRICS

    metrics = document["metrics"]
    intervals = document.get("intervals", {}).get("metrics", {})
    columns = ["metric", "value", *(["95 % interval"] if intervals else [])]
    table = new_table(*columns, title=_title(document))
    whole = document.get("profile", "all") == "all"
    for name in SUMMARY_METRICS if whole else metrics:
        row = [_metric_title(document, name), f"{metrics[name]:.4f}"]
        table.add_row(*row, *filter(None, [_bounds(intervals.get(name))]))
    console.print(table)
    _show_end(console, document, details)


def _show_seeds(console: Console, document: dict[str, Any], details: Path) -> None:
    from clem_icd.evaluation.headlines import HEADLINES
    from clem_icd.reporting.formatting import mean_and_deviation

    table = new_table(
        "metric", "mean \N{PLUS-MINUS SIGN} sd", title=f"{_title(document)}: percent, over seeds"
    )
    for name in HEADLINES:
        table.add_row(_metric_title(document, name), mean_and_deviation(document["metrics"][name]))
    console.print(table)
    _show_end(console, document, details)


def _show_end(console: Console, document: dict[str, Any], details: Path) -> None:
    from clem_icd.evaluation.scope import space_text

    if "best_on_validation" in document:
        facts = f"{document['runs']} seeds, best on validation: {document['best_on_validation']['run']}"
    else:
        facts = _decision(document)
    console.print(
        f"{document['notes']:,} notes, {space_text(document)}, {facts}. "
        f"All metrics and their definitions: {details}",
        markup=False,
    )
    for line in document["warnings"]:
        console.print(f"Warning: {line}", markup=False)


def _details(layout: RunLayout) -> Path:
    """Return the report, or the metrics file where no report was written."""
    return layout.report if layout.report.is_file() else layout.metrics()


def _title(document: dict[str, Any]) -> str:
    return f"{document['system']} on {corpus_title(document['corpus'])}, {document['split']}"


def _metric_title(document: dict[str, Any], name: str) -> str:
    return str(document["definitions"][name]["title"])


def _bounds(interval: dict[str, float] | None) -> str:
    return "" if interval is None else f"{interval['low']:.4f} to {interval['high']:.4f}"


def _decision(document: dict[str, Any]) -> str:
    from clem_icd.decisions import rule_from_json

    if document["threshold"] is not None:
        return f"threshold {document['threshold']:.4f}"
    return f"a code is assigned {rule_from_json(document['rule'], document['labels']).describe()}"
