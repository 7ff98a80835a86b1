"""Metrics of runs as text, each with its definition and its uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from clem_icd.evaluation.definitions import DEFINITIONS
from clem_icd.evaluation.scope import space_text
from clem_icd.reporting.formatting import mean_and_deviation, percent, whole
from clem_icd.runs.layout import RunLayout
from clem_icd.runs.results import Document, RunResults

__all__ = ["MetricRow", "metric_rows", "metric_value", "run_facts", "spread_explained"]


@dataclass(frozen=True)
class MetricRow:
    """One metric: its definition, and its value in every run, in percent."""

    name: str
    title: str
    definition: str
    labels: str
    notes: str
    source: str
    values: Sequence[str]


def metric_rows(runs: Sequence[RunResults], names: Sequence[str] | None = None) -> list[MetricRow]:
    """Lay out metrics of several runs side by side.

    Parameters
    ----------
    names
        The metrics; by default all that any run has, except those of label-frequency buckets.

    """
    if names is None:
        present = {name for run in runs if run.test is not None for name in run.test["metrics"]}
        names = [name for name in DEFINITIONS if name in present and "train_count" not in name]
    tests = [run.test or {} for run in runs]
    return [
        MetricRow(
            name,
            **asdict(DEFINITIONS[name]) | {"labels": _labels(tests, name)},
            values=[metric_value(test, name) for test in tests],
        )
        for name in names
    ]


def _labels(tests: Sequence[Document], name: str) -> str:
    """Return the labels that a metric counts, which differ if only some systems rank a whole code system."""
    stated = [test.get("definitions", {}).get(name, {}).get("labels") for test in tests]
    return " or ".join(dict.fromkeys(filter(None, stated))) or DEFINITIONS[name].labels


def metric_value(test: Document, name: str) -> str:
    """Format a metric in percent, with its spread over seeds or its interval if either is known."""
    if name in test.get("spread", {}):
        return mean_and_deviation(test["spread"][name])
    value = percent(test.get("metrics", {}).get(name))
    interval = test.get("intervals", {}).get("metrics", {}).get(name)
    return value if interval is None else f"{value} [{percent(interval['low'])}, {percent(interval['high'])}]"


def spread_explained(runs: Sequence[RunResults]) -> str:
    """Explain the brackets and the deviations next to the values of these runs, if there are any."""
    tests = [run.test for run in runs if run.test is not None]
    level = next((test["intervals"].get("level", 0.95) for test in tests if "intervals" in test), None)
    text = "" if level is None else f"; in brackets, the {100 * level:.0f} % interval"
    if any("spread" in test for test in tests):
        text += "; after \N{PLUS-MINUS SIGN}, the standard deviation over seeds"
    return text


def run_facts(run: RunResults) -> str:
    """Summarise in one line what the test metrics of a run describe."""
    if run.test is None:
        return f"not evaluated: {RunLayout(Path()).metrics().name} is missing"
    test = run.test
    corpus = test["corpus"].get("name") or "unnamed corpus"
    return (
        f"{test['system']}, {corpus}, {test['split']}: {whole(test['notes'])} notes, "
        f"{space_text(test)}, {_decision_rule(test)}"
    )


def _decision_rule(test: Document) -> str:
    """Name the threshold of the decisions, or say that each seed has its own."""
    if "spread" in test:
        return f"mean \N{PLUS-MINUS SIGN} standard deviation of {test['runs']} seeds"
    rule = test.get("rule", {})
    if rule.get("kind") == "at-least":
        return f"scores of at least {rule['value']:.3g} ({test['threshold_source']})"
    if test["threshold"] is None:
        return f"no single threshold ({test['threshold_source']})"
    return f"threshold {test['threshold']:.3g} ({test['threshold_source']})"
