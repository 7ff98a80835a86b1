"""Mishaps with the codes of an admission: missing, duplicated or oddly formatted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from clem_icd.icd import Code
from clem_icd.synthetic.chart import Chart, CodeRow, Document
from clem_icd.synthetic.coding import icd9_code
from clem_icd.synthetic.hospital import Problem

__all__ = [
    "code_listed_twice",
    "dotted_code",
    "missing_code",
    "mixed_versions",
    "only_a_missing_code",
    "padded_code",
    "procedures_alone",
    "uncoded",
]

_DUPLICATED_AT_EACH_END = 2


def missing_code(chart: Chart, rng: Random) -> Chart:
    """Insert a row without a code."""
    at = int(rng.random() * (len(chart.rows) + 1))
    empty = CodeRow.empty(chart.admission.icd_version)
    return replace(chart, rows=(*chart.rows[:at], empty, *chart.rows[at:]))


def only_a_missing_code(chart: Chart, _: Random) -> Chart:
    """Replace all rows by a single one without a code."""
    return replace(chart, rows=(CodeRow.empty(chart.admission.icd_version),))


def uncoded(chart: Chart, _: Random) -> Chart:
    """Remove all rows."""
    return replace(chart, rows=())


def procedures_alone(chart: Chart, _: Random) -> Chart:
    """Remove the diagnoses of an admission that has procedures."""
    procedures = tuple(row for row in chart.rows if not row.is_diagnosis)
    return replace(chart, rows=procedures or chart.rows)


def code_listed_twice(chart: Chart, rng: Random) -> Chart:
    """Repeat a code at the end of the list."""
    return replace(chart, rows=(*chart.rows, *rng.sample(chart.rows, min(1, len(chart.rows)))))


def padded_code(chart: Chart, rng: Random) -> Chart:
    """Surround a code with spaces."""
    return _with_one_row(chart, rng, lambda row: f" {row.written}  ")


def dotted_code(chart: Chart, rng: Random) -> Chart:
    """Write a code with its dot."""
    return _with_one_row(chart, rng, lambda row: row.code.value if row.code else row.written)


def mixed_versions(chart: Chart, _: Random) -> Chart:
    """Add some of the codes in the other ICD version."""
    pairs = [(problem.code, _in_other_version(problem)) for problem in chart.admission.problems]
    known = [(code, other) for code, other in pairs if other is not None]
    # Codes from the end as well, where the procedures are.
    chosen = dict(known[:_DUPLICATED_AT_EACH_END] + known[-_DUPLICATED_AT_EACH_END:])
    rows = tuple(CodeRow.of(other) for other in dict.fromkeys(chosen.values()))
    documents = tuple(_with_evidence_in_both(document, chosen) for document in chart.documents)
    return replace(chart, rows=chart.rows + rows, documents=documents)


def _with_one_row(chart: Chart, rng: Random, written: Callable[[CodeRow], str]) -> Chart:
    if not chart.rows:
        return chart
    at = int(rng.random() * len(chart.rows))
    row = chart.rows[at]
    return replace(chart, rows=(*chart.rows[:at], replace(row, written=written(row)), *chart.rows[at + 1 :]))


def _in_other_version(problem: Problem) -> Code | None:
    own = Code(problem.concept.code, problem.concept.system)
    return own if own.system is not problem.code.system else icd9_code(problem.concept)


def _with_evidence_in_both(document: Document, others: Mapping[Code, Code]) -> Document:
    added = (
        replace(mention, code=others[mention.code]) for mention in document.evidence if mention.code in others
    )
    return replace(document, evidence=(*document.evidence, *added))
