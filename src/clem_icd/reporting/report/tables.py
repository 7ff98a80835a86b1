"""Tables of the report as text: label frequencies, errors, the corpus and the environment."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clem_icd.reporting.formatting import (
    ABSENT,
    four_digits,
    mean_and_deviation,
    percent,
    training_notes,
    whole,
)
from clem_icd.reporting.report.metrics import metric_value
from clem_icd.runs.results import Document, RunResults

__all__ = [
    "Table",
    "bucket_table",
    "environment_table",
    "error_tables",
    "evaluation_table",
    "evidence_table",
    "split_table",
    "spread_table",
]

_PERCENTILES = {
    "mean": "Mean",
    "p5": "5 %",
    "p25": "25 %",
    "p50": "Median",
    "p75": "75 %",
    "p95": "95 %",
    "max": "Max",
}
_UNITS = {"codes_per_note": "codes", "words_per_note": "words", "tokens_per_note": "tokens"}

_BUCKET_COLUMNS = {
    "micro_precision": "Precision",
    "micro_recall": "Recall",
    "micro_f1": "Micro-F1",
    "macro_f1": "Macro-F1 (all labels)",
    "recall_at_10": "R@10",
    "recall_at_50": "R@50",
}
"""The title of each value of a label-frequency bucket, in the order of the columns."""

_ERROR_COLUMNS: dict[str, tuple[str, Callable[[float | None], str]]] = {
    "labels": ("Labels", whole),
    "notes": ("Notes", whole),
    "codes": ("Codes", whole),
    "positives": ("Positives", whole),
    "given": ("Assigned", whole),
    "true_positives": ("Correct", whole),
    "share": ("Share", percent),
    "micro_precision": ("Micro-precision", percent),
    "micro_recall": ("Micro-recall", percent),
    "micro_f1": ("Micro-F1", percent),
    "macro_f1_split_labels": ("Macro-F1 (split labels)", percent),
    "recall_at_10": ("R@10", percent),
    "recall_at_50": ("R@50", percent),
}
"""Title and format of each value that a group of errors may have, in the order of the columns."""


_EVALUATION_COLUMNS: dict[str, tuple[str, Callable[[float | None], str]]] = {
    "epoch": ("Epoch", four_digits),
    "eval_loss": ("Loss", four_digits),
    "eval_map": ("MAP", percent),
    "eval_micro_f1_tuned": ("Micro-F1", percent),
    "eval_micro_f1_over_constant": ("Over the most frequent codes", percent),
    "eval_distinct_codes": ("Distinct codes", whole),
    "eval_code_overlap": ("Shared codes", percent),
}
"""Title and format of each value of an evaluation during training, in the order of the columns."""


_EVIDENCE_COLUMNS = {
    "evidence_span_precision": "Span precision",
    "evidence_span_recall": "Span recall",
    "evidence_span_f1": "Span F1",
    "evidence_token_precision": "Word precision",
    "evidence_token_recall": "Word recall",
    "evidence_token_f1": "Word F1",
    "evidence_match_exact": "Exact",
    "evidence_match_proximate": "Proximate",
    "evidence_match_partial": "Partial",
    "evidence_match_none": "None",
    "evidence_match_empty": "Empty",
    "evidence_label_overlap": "Overlap",
}
"""The title of each metric of evidence, in the order of the columns."""


@dataclass(frozen=True)
class Table:
    """Rows of text; the first cell of a row is its header."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def bucket_table(runs: Sequence[RunResults]) -> Table | None:
    """List the values of the bucket figures, with the number of labels behind each point."""
    rows = [
        [
            run.name,
            training_notes(bucket),
            whole(bucket["labels"]),
            whole(bucket["positives"]),
            *(_bucket_value(run.test, bucket, name) for name in _BUCKET_COLUMNS),
        ]
        for run in runs
        if run.test is not None
        for bucket in run.test["buckets"]
    ]
    header = ["Run", "Training notes", "Labels", "Positives", *_BUCKET_COLUMNS.values()]
    caption = (
        "Precision, recall and F1 in percent by the number of training notes per label: 0 are the codes that "
        "training never showed. Macro-F1 is over all labels of a bucket. R@10 and R@50: the share of the "
        "positives among the 10 and the 50 highest scores of their note."
    )
    return Table(caption, header, rows) if rows else None


def _bucket_value(test: Document, bucket: Document, name: str) -> str:
    metric = f"{name}_train_count_{bucket['name']}"
    if metric in test["metrics"]:
        return metric_value(test, metric)
    spread = bucket.get("spread", {}).get(name)
    return percent(bucket.get(name)) if spread is None else mean_and_deviation(spread)


def evaluation_table(run: RunResults) -> Table | None:
    """List the evaluations on validation during training, with the signs of a collapse."""
    rows = [
        [style(row.get(name)) for name, (_, style) in _EVALUATION_COLUMNS.items()]
        for row in run.history or ()
        if "eval_map" in row
    ]
    caption = (
        "Validation during training, in percent: micro-F1 with the best threshold, and how much higher it is "
        "than that of the most frequent codes for every note. Distinct codes: how many are ever on top of a "
        "note. Shared codes: the share of their top codes that two notes have in common, on average."
    )
    return Table(caption, [title for title, _ in _EVALUATION_COLUMNS.values()], rows) if rows else None


def evidence_table(runs: Sequence[RunResults]) -> Table | None:
    """Compare the evidence of runs, and of each seed, with that of coders."""
    explained = [one for run in runs for one in (run.seeds or [run]) if one.evidence is not None]
    rows = [[one.name, *_evidence_cells(one.evidence or {})] for one in explained]
    header = ["Run", "Method", "Cut", "Notes", *_EVIDENCE_COLUMNS.values(), "Assigned codes", "Without span"]
    caption = (
        "Evidence for the codes that were assigned when training ended, on the annotated notes of test, in "
        "percent; in brackets, the 95 % interval. A span is right if coders marked exactly its characters "
        "for the same code, and a word if they marked it. Exact to empty: how well the words match, "
        "as shares of the pairs of a note and a code that coders marked. Overlap: of the words of two "
        "codes of a note, 100 if they are the same. Cut: the share of the support for a code that a word "
        "needs to be marked. Without span: assigned codes without such a word."
    )
    return Table(caption, header, rows) if rows else None


def _evidence_cells(evidence: Document) -> list[str]:
    explanation = evidence["explanation"]
    return [
        str(explanation.get("method", ABSENT)),
        four_digits((explanation.get("rule") or {}).get("cut")),
        whole(evidence.get("notes")),
        *(metric_value(evidence, name) for name in _EVIDENCE_COLUMNS),
        whole(explanation.get("assigned_codes")),
        whole(explanation.get("assigned_codes_without_span")),
    ]


def error_tables(run: RunResults) -> list[Table]:
    """Tabulate the errors of a run; of several seeds, those of the seed that is best on validation."""
    source, suffix = run, ""
    if run.seeds:
        best = (run.test or {}).get("best_on_validation", {}).get("run")
        source = next((seed for seed in run.seeds if seed.name == best), run.seeds[0])
        suffix = f", {source.name} only"
    errors = (source.test or {}).get("errors") or []
    return [_error_table(one, suffix) for one in errors if one["groups"]]


def _error_table(one: Document, suffix: str) -> Table:
    """Lay out the groups of one dimension, with a column for each value that any of them has."""
    known = [name for name in _ERROR_COLUMNS if any(name in group for group in one["groups"])]
    rows = [
        [group["name"], *(_ERROR_COLUMNS[name][1](group.get(name)) for name in known)]
        for group in one["groups"]
    ]
    header = ["Group", *(_ERROR_COLUMNS[name][0] for name in known)]
    return Table(f"{one['title']}{suffix}.", header, rows)


def split_table(description: Document) -> Table:
    """Count notes and patients per split, and the notes longer than common context lengths."""
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
    """Tabulate the distributions of codes, words and tokens per note."""
    rows = [
        [f"{name}, {unit}", *(whole(split[key].get(point)) for point in _PERCENTILES)]
        for name, split in description.get("splits", {}).items()
        for key, unit in _UNITS.items()
        if split.get(key)
    ]
    caption = "Codes, words and tokens per note: mean, percentiles and maximum."
    return Table(caption, ["Split", *_PERCENTILES.values()], rows)


def environment_table(environment: Document) -> Table:
    """List the entries of the environment, in order."""
    rows = [
        [key.replace("_", " "), value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)]
        for key, value in environment.items()
    ]
    return Table("Software and hardware of the run.", ["Entry", "Value"], rows)
