"""The tables of the report as text: percentages, thousands, and a dash for what is not there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from clem_icd.evaluation.definitions import DEFINITIONS
from clem_icd.evaluation.report.run import Document, RunResults

__all__ = [
    "HEADLINES",
    "MetricRow",
    "Table",
    "bucket_table",
    "environment_table",
    "metric_rows",
    "run_facts",
    "split_table",
    "spread_table",
    "training_notes",
]

HEADLINES = (
    "micro_f1",
    "macro_f1_all_labels",
    "macro_f1_split_labels",
    "macro_f1_caml",
    "map",
    "precision_at_8",
)
"""The metrics that the report begins with."""

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
        values = [percent(run.test["metrics"].get(name) if run.test else None) for run in runs]
        rows.append(MetricRow(name, **asdict(meaning), values=values))
    return rows


def run_facts(run: RunResults) -> str:
    """Say in a line what the test metrics of a run are of."""
    if run.test is None:
        return "not evaluated: metrics.json is missing"
    test = run.test
    corpus = test["corpus"].get("name") or "unnamed corpus"
    return (
        f"{test['system']}, {corpus}, {test['split']}: {whole(test['notes'])} notes, "
        f"{whole(test['labels'])} labels, threshold {test['threshold']:.3g} ({test['threshold_source']})"
    )


def bucket_table(runs: Sequence[RunResults]) -> Table | None:
    """Write down what the bucket figures show, with the number of labels behind each point."""
    rows = [
        [
            run.name,
            training_notes(bucket),
            whole(bucket["labels"]),
            whole(bucket["positives"]),
            percent(bucket["micro_f1"]),
            percent(bucket["macro_f1"]),
        ]
        for run in runs
        if run.test is not None
        for bucket in run.test["buckets"]
    ]
    header = ["Run", "Training notes", "Labels", "Positives", "Micro-F1", "Macro-F1"]
    caption = "F1 in percent by how often a label was seen in training; macro-F1 over all labels of a bucket."
    return Table(caption, header, rows) if rows else None


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


def whole(number: float | None) -> str:
    """Write a count with separators; a small number that is not whole keeps one digit."""
    if number is None:
        return _ABSENT
    return f"{number:,.0f}" if number >= 100 or number == int(number) else f"{number:.1f}"
