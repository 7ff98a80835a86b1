"""Results side by side, and only where they are of the same thing.

`read_entry` takes what a run, several seeds or anyone's scores were judged to be, `compare` sorts entries and
published rows into tables: one for what was evaluated on the same notes, labels and codes, one column for a
definition. What follows no known definition stands apart. `write_comparison` renders the tables as a page,
Markdown, LaTeX, csv or json.
"""

from __future__ import annotations

from clem_icd.reporting.comparison.data import (
    COMPARISON_FORMAT,
    COMPARISON_FORMAT_VERSION,
    comparison_document,
)
from clem_icd.reporting.comparison.entries import Entry, Value, read_entry
from clem_icd.reporting.comparison.layout import Cell, Layout, Sheet, lay_out
from clem_icd.reporting.comparison.paired import Pair
from clem_icd.reporting.comparison.parts import Comparison, Row, Table, Unstated
from clem_icd.reporting.comparison.tables import check_metrics, compare
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
