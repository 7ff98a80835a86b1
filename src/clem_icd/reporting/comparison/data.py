"""A comparison as data: nested for JSON, and one line per value for CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from clem_icd.evaluation.paired import Pair
from clem_icd.reporting.comparison.entries import Value
from clem_icd.reporting.comparison.parts import Comparison, Row, Table, Unstated

__all__ = [
    "COMPARISON_FORMAT",
    "COMPARISON_FORMAT_VERSION",
    "CSV_COLUMNS",
    "comparison_document",
    "to_csv",
]

COMPARISON_FORMAT = "clem-icd/comparison"
COMPARISON_FORMAT_VERSION = 1

CSV_COLUMNS = (
    "table",
    "dataset",
    "split",
    "task",
    "system",
    "reading",
    "beside",
    "origin",
    "source",
    "labels",
    "metric",
    "definition",
    "value",
    "sd",
    "low",
    "high",
    "other_reading",
    "p_bootstrap",
    "p_randomisation",
    "footnotes",
)
"""Lines are comparable if they agree in ``table`` and ``metric`` and ``definition`` is not empty."""

_TEXTS = ("system", "reading", "beside", "origin", "source", "labels")

Line = dict[str, Any]


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as a JSON object; values are in percent, p-values between 0 and 1."""
    return {
        "format": COMPARISON_FORMAT,
        "format_version": COMPARISON_FORMAT_VERSION,
        "unit": "percent",
        "tables": [_table(table) for table in comparison.tables],
        "definition_not_stated": [
            {"dataset": block.dataset, "split": block.split, "rows": [_row(row) for row in block.rows]}
            for block in comparison.unstated
        ],
        "pairs": [_pair(pair) for pair in comparison.pairs],
        "definitions": {name: asdict(one) for name, one in comparison.definitions.items()},
    }


def to_csv(comparison: Comparison) -> str:
    """Return CSV with one line per value of every system."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(_lines(comparison))
    return text.getvalue()


def _table(table: Table) -> dict[str, Any]:
    return {
        "title": table.title,
        "dataset": table.dataset,
        "split": table.split,
        "task": table.task,
        "columns": list(table.columns),
        "own": [_row(row, table.columns) for row in table.own],
        "published": [_row(row, table.columns) for row in table.published],
        "remarks": list(table.remarks),
    }


def _row(row: Row, columns: tuple[str, ...] | None = None) -> dict[str, Any]:
    names = row.values if columns is None else [name for name in columns if name in row.values]
    return {
        "system": row.system,
        "reading": row.reading,
        "beside": row.beside,
        "origin": row.origin,
        "source": row.source,
        "labels": row.labels,
        "values": {name: _value(row.values[name]) for name in names},
        "footnotes": list(row.remarks),
    }


def _value(value: Value) -> dict[str, Any]:
    uncertainty = {"sd": value.sd, "low": value.low, "high": value.high, "other_reading": value.other}
    return {"value": value.percent} | {name: one for name, one in uncertainty.items() if one is not None}


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "first": pair.first,
        "other": pair.other,
        "title": pair.title,
        "resamples": pair.resamples,
        "unit": pair.unit,
        "metrics": {
            name: {
                "first": 100 * pair.values[name][0],
                "other": 100 * pair.values[name][1],
                "difference": 100 * found.difference,
                "low": 100 * found.low,
                "high": 100 * found.high,
                "p_bootstrap": found.p_bootstrap,
                "p_randomisation": found.p_randomisation,
            }
            for name, found in pair.differences.items()
        },
    }


def _lines(comparison: Comparison) -> Iterator[Line]:
    for table in comparison.tables:
        place = {"table": table.title, "dataset": table.dataset, "split": table.split, "task": table.task}
        for row in (*table.own, *table.published):
            for name in table.columns:
                if name in row.values:
                    definition = comparison.definitions[name].definition
                    yield place | _line(row, name, row.values[name]) | {"definition": definition}
    for block in comparison.unstated:
        yield from _unstated_lines(block)
    for pair in comparison.pairs:
        yield from _pair_lines(pair, comparison)


def _line(row: Row, name: str, value: Value) -> Line:
    texts = {key: getattr(row, key) for key in _TEXTS}
    return {**texts, "metric": name, **_value(value), "footnotes": " ".join(row.remarks)}


def _unstated_lines(block: Unstated) -> Iterator[Line]:
    place = {"table": "definition not stated", "dataset": block.dataset, "split": block.split}
    for row in block.rows:
        for name, value in row.values.items():
            yield place | _line(row, name, value)


def _pair_lines(pair: Pair, comparison: Comparison) -> Iterator[Line]:
    for name, found in _pair(pair)["metrics"].items():
        numbers: Mapping[str, Any] = {
            key: found[key] for key in ("low", "high", "p_bootstrap", "p_randomisation")
        }
        yield {
            "table": f"differences from {pair.first}: {pair.title}",
            "system": pair.other,
            "beside": f"minus {pair.first}",
            "origin": "paired",
            "metric": name,
            "definition": comparison.definitions[name].definition,
            "value": found["difference"],
            **numbers,
        }
