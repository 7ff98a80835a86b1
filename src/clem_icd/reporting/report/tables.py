"""The tables of the report as text: percentages, thousands, and a dash for what is not there."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from clem_icd.evaluation.definitions import DEFINITIONS
from clem_icd.runs.results import Document, RunResults

__all__ = [
    "MetricRow",
    "Table",
    "beside_values",
    "bucket_table",
    "environment_table",
    "error_tables",
    "mean_and_deviation",
    "metric_rows",
    "run_facts",
    "split_table",
    "spread_table",
    "training_notes",
]

_ABSENT = "\N{EN DASH}"
_SPREAD = {
    "mean": "Mean",
    "p5": "5 %",
    "p25": "25 %",
    "p50": "Median",
    "p75": "75 %",
    "p95": "95 %",
    "max": "Max",
}
_SPREAD_OF = {"codes_per_note": "codes", "words_per_note": "words", "tokens_per_note": "tokens"}


@dataclass(frozen=True)
class Table:
    """Rows of text; the first cell of a row is its header."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


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
    """Lay metrics of several runs side by side; without ``names`` all but the buckets, in their order."""
    if names is None:
        present = {name for run in runs if run.test is not None for name in run.test["metrics"]}
        names = [name for name in DEFINITIONS if name in present and "train_count" not in name]
    rows = []
    for name in names:
        meaning = DEFINITIONS[name]
        values = [_value(run.test or {}, name) for run in runs]
        rows.append(MetricRow(name, **asdict(meaning), values=values))
    return rows


def _value(test: Document, name: str) -> str:
    """Write a metric in percent, with its spread over seeds or its interval where either is known."""
    if name in test.get("spread", {}):
        return mean_and_deviation(test["spread"][name])
    value = percent(test.get("metrics", {}).get(name))
    interval = test.get("intervals", {}).get("metrics", {}).get(name)
    return value if interval is None else f"{value} [{percent(interval['low'])}, {percent(interval['high'])}]"


def beside_values(runs: Sequence[RunResults]) -> str:
    """Say what stands beside the values of these runs."""
    tests = [run.test for run in runs if run.test is not None]
    level = next((test["intervals"].get("level", 0.95) for test in tests if "intervals" in test), None)
    said = "" if level is None else f"; in brackets, the {100 * level:.0f} % interval"
    if any("spread" in test for test in tests):
        said += "; after \N{PLUS-MINUS SIGN}, the standard deviation over seeds"
    return said


def run_facts(run: RunResults) -> str:
    """Say in a line what the test metrics of a run are of."""
    if run.test is None:
        return "not evaluated: metrics.json is missing"
    test = run.test
    corpus = test["corpus"].get("name") or "unnamed corpus"
    return (
        f"{test['system']}, {corpus}, {test['split']}: {whole(test['notes'])} notes, "
        f"{whole(test['labels'])} labels, {_decided(test)}"
    )


def _decided(test: Document) -> str:
    """Say by what threshold the decisions were made, or that each seed has its own."""
    if "spread" in test:
        return f"mean \N{PLUS-MINUS SIGN} standard deviation of {test['runs']} seeds"
    if test["threshold"] is None:
        return f"no single threshold ({test['threshold_source']})"
    return f"threshold {test['threshold']:.3g} ({test['threshold_source']})"


def bucket_table(runs: Sequence[RunResults]) -> Table | None:
    """Write down what the bucket figures show, with the number of labels behind each point."""
    rows = [
        [
            run.name,
            training_notes(bucket),
            whole(bucket["labels"]),
            whole(bucket["positives"]),
            *(_bucket_value(run.test, bucket, name) for name in ("micro_f1", "macro_f1")),
        ]
        for run in runs
        if run.test is not None
        for bucket in run.test["buckets"]
    ]
    header = ["Run", "Training notes", "Labels", "Positives", "Micro-F1", "Macro-F1 (all labels)"]
    caption = "F1 in percent by how often a label was seen in training; macro-F1 over all labels of a bucket."
    return Table(caption, header, rows) if rows else None


def _bucket_value(test: Document, bucket: Document, name: str) -> str:
    metric = f"{name}_train_count_{bucket['name']}"
    return _value(test, metric) if metric in test["metrics"] else percent(bucket[name])


def error_tables(run: RunResults) -> list[Table]:
    """Write down where the errors live: of the run, or of the seed that is the best on validation."""
    source, said = run, ""
    if run.seeds:
        best = (run.test or {}).get("best_on_validation", {}).get("run")
        source = next((seed for seed in run.seeds if seed.name == best), run.seeds[0])
        said = f", {source.name} only"
    errors = (source.test or {}).get("errors") or []
    return [_error_table(one, said) for one in errors if one["groups"]]


def _error_table(one: Document, said: str) -> Table:
    """Lay out the groups of one dimension: a column for each thing that any of them knows."""
    known = [name for name in _ERROR_COLUMNS if any(name in group for group in one["groups"])]
    rows = [
        [group["name"], *(_ERROR_COLUMNS[name][1](group.get(name)) for name in known)]
        for group in one["groups"]
    ]
    return Table(f"{one['title']}{said}.", ["Group", *(_ERROR_COLUMNS[name][0] for name in known)], rows)


def training_notes(bucket: Document) -> str:
    """Write the training notes of a bucket's labels: 0, 1 to 5 joined by an en dash, over 500."""
    low, high = bucket["low"], bucket["high"]
    if high is None:
        return f"over {low - 1}"
    return f"{low}" if low == high else f"{low}\N{EN DASH}{high}"


def split_table(description: Document) -> Table:
    """Count notes and patients per split, and the notes too long for common context lengths."""
    splits: dict[str, Document] = description.get("splits", {})
    lengths = sorted({int(key) for split in splits.values() for key in split.get("beyond_tokens") or {}})
    header = ["Split", "Notes", "Patients", "Admissions", "Without codes"]
    header += [f"Over {whole(length)} tokens" for length in lengths]
    rows = []
    for name, split in splits.items():
        counts = [split.get(key) for key in ("notes", "subjects", "admissions", "notes_without_codes")]
        beyond = split.get("beyond_tokens") or {}
        shares = [percent(beyond.get(str(length)), " %") for length in lengths]
        rows.append([name, *map(whole, counts), *shares])
    return Table("Notes per split.", header, rows)


def spread_table(description: Document) -> Table:
    """Write down how codes, words and tokens per note are distributed."""
    rows = [
        [f"{name}, {unit}", *(whole(split[key].get(point)) for point in _SPREAD)]
        for name, split in description.get("splits", {}).items()
        for key, unit in _SPREAD_OF.items()
        if split.get(key)
    ]
    return Table(
        "Codes, words and tokens per note: mean, percentiles and maximum.", ["Split", *_SPREAD.values()], rows
    )


def environment_table(environment: Document) -> Table:
    """List whatever the environment says, in its order."""
    rows = [
        [key.replace("_", " "), value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)]
        for key, value in environment.items()
    ]
    return Table("What the run ran on.", ["Entry", "Value"], rows)


def percent(share: float | None, unit: str = "") -> str:
    """Write a share of 1 in percent with one digit."""
    return _ABSENT if share is None else f"{100 * share:.1f}{unit}"


def mean_and_deviation(summary: Document) -> str:
    """Write a mean of shares, and its standard deviation where there is one, in percent with one digit."""
    deviation = "" if summary["sd"] is None else f" \N{PLUS-MINUS SIGN} {100 * summary['sd']:.1f}"
    return f"{100 * summary['mean']:.1f}{deviation}"


def whole(number: float | None) -> str:
    """Write a count with separators; a small number that is not whole keeps one digit."""
    if number is None:
        return _ABSENT
    return f"{number:,.0f}" if number >= 100 or number == int(number) else f"{number:.1f}"


_ERROR_COLUMNS: dict[str, tuple[str, Callable[[float | None], str]]] = {
    "labels": ("Labels", whole),
    "notes": ("Notes", whole),
    "codes": ("Codes", whole),
    "positives": ("Positives", whole),
    "given": ("Given", whole),
    "true_positives": ("Right", whole),
    "share": ("Share", percent),
    "micro_precision": ("Micro-precision", percent),
    "micro_recall": ("Micro-recall", percent),
    "micro_f1": ("Micro-F1", percent),
    "macro_f1_split_labels": ("Macro-F1 (split labels)", percent),
}
"""What a group of errors may say, in the order of the columns, and how it is written."""
