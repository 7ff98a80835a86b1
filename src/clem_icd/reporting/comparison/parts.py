"""The parts of a comparison: tables of rows, and what stands apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from clem_icd.evaluation.definitions import DEFINITIONS, Definition
from clem_icd.evaluation.headlines import COMPARISON_METRICS
from clem_icd.reporting.comparison.entries import Entry, Value
from clem_icd.reporting.comparison.paired import Pair
from clem_icd.reporting.published import published

__all__ = ["Comparison", "Row", "Table", "Unstated", "columns_of", "label_spaces"]


@dataclass(frozen=True)
class Row:
    """A system with its values by metric name; in an `Unstated` by the names they were published under.

    Attributes
    ----------
    system
        What it is called.
    beside
        The system behind a run's name, or the work that published the row.
    origin
        ``run``, the number of seeds, or how a published row was confirmed.
    source
        Where a published row was read; empty for our own.
    labels
        The size of the label space.
    values
        In percent.
    remarks
        What a reader has to know.

    """

    system: str
    beside: str
    origin: str
    source: str
    labels: str
    values: Mapping[str, Value]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows that share what was evaluated, under columns that are one definition each.

    Attributes
    ----------
    title
        What was evaluated.
    dataset, split, task
        The source of the corpus, its split, and ``codes`` or ``evidence``.
    columns
        Metric names.
    own, published
        Rows of our entries, and published ones.
    remarks
        What a reader of the table has to know.
    entries
        What the rows of ``own`` were made of, in their order.

    """

    title: str
    dataset: str
    split: str
    task: Literal["codes", "evidence"]
    columns: tuple[str, ...]
    own: tuple[Row, ...]
    published: tuple[Row, ...]
    remarks: tuple[str, ...]
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Unstated:
    """Published values of a dataset whose definition is not known: comparable with nothing."""

    dataset: str
    split: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Comparison:
    """All tables, what their columns mean, and what stands apart."""

    tables: tuple[Table, ...]
    unstated: tuple[Unstated, ...]
    pairs: tuple[Pair, ...]
    definitions: Mapping[str, Definition]


def columns_of(asked: Sequence[str], present: set[str], extra: set[str] | None = None) -> tuple[str, ...]:
    """Choose from the metrics that are ``present``: those asked for, or the headlines and ``extra`` ones."""
    if not asked:
        known = (*DEFINITIONS, *published().evidence_metrics)
        asked = [*COMPARISON_METRICS, *(name for name in known if name in (extra or ()))]
    return tuple(name for name in dict.fromkeys(asked) if name in present)


def label_spaces(rows: Sequence[Row]) -> list[str]:
    """Say that rows have different label spaces, where they have."""
    sizes = list(dict.fromkeys(row.labels for row in rows))
    if len(sizes) < 2:
        return []
    return [f"The label spaces differ ({'; '.join(sizes)}), which moves what is counted over all labels."]
