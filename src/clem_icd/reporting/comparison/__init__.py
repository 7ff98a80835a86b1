"""Results side by side, only where they are comparable.

`read_entry` reads the metrics of a run, of several seeds, or of another system's scores. `compare` sorts
entries and published rows into tables: a table per set of notes, labels and codes, a column per definition.
Results of unknown definition are listed separately. `write_comparison` renders the tables as HTML, Markdown,
LaTeX, CSV or JSON.
"""

from __future__ import annotations

from clem_icd.evaluation.paired import Pair
from clem_icd.reporting.comparison.assembling import check_metrics, compare
from clem_icd.reporting.comparison.data import (
    COMPARISON_FORMAT,
    COMPARISON_FORMAT_VERSION,
    comparison_document,
)
from clem_icd.reporting.comparison.entries import Entry, Value, read_entry
from clem_icd.reporting.comparison.layout import Cell, Layout, Sheet, lay_out
from clem_icd.reporting.comparison.parts import Comparison, Row, Table, Unstated
from clem_icd.reporting.comparison.writing import SUFFIXES, check_suffix, write_comparison

__all__ = [
    "COMPARISON_FORMAT",
    "COMPARISON_FORMAT_VERSION",
    "SUFFIXES",
    "Cell",
    "Comparison",
    "Entry",
    "Layout",
    "Pair",
    "Row",
    "Sheet",
    "Table",
    "Unstated",
    "Value",
    "check_metrics",
    "check_suffix",
    "compare",
    "comparison_document",
    "lay_out",
    "read_entry",
    "write_comparison",
]
