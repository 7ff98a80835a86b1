"""The parts of a comparison: tables of comparable rows, and rows that are comparable with nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from clem_icd.evaluation.definitions import DEFINITIONS, Definition
from clem_icd.evaluation.headlines import COMPARISON_METRICS
from clem_icd.evaluation.paired import Pair
from clem_icd.reporting.comparison.entries import Entry, Value
from clem_icd.reporting.published import published

__all__ = [
    "Comparison",
    "Row",
    "Table",
    "Unstated",
    "choose_columns",
    "label_space_remarks",
]


@dataclass(frozen=True)
class Row:
    """A system and its values.

    Attributes
    ----------
    system
        The name of the system.
    beside
        The system behind a run's name, or the work that published the row.
    origin
        ``run``, the number of seeds, or how a published row was confirmed; as understood, how firmly it
        stands.
    source
        Where a published row was read; empty for a run.
    labels
        The size of the label space.
    values
        In percent, by metric name; in `Unstated` by the names under which they were published.
    remarks
        Footnotes.
    reading
        ``as printed`` or ``as understood`` for a published row that is read in two ways; otherwise empty.

    """

    system: str
    beside: str
    origin: str
    source: str
    labels: str
    values: Mapping[str, Value]
    remarks: tuple[str, ...]
    reading: str = ""


@dataclass(frozen=True)
class Table:
    """Rows evaluated on the same data, with one definition per column.

    Attributes
    ----------
    title
        What was evaluated.
    dataset, split, task
        The source of the corpus, its split, and ``codes`` or ``evidence``.
    columns
        Metric names.
    own, published
        Rows of our entries, and published rows.
    remarks
        Sentences below the table.
    entries
        The entries behind the rows of ``own``, in the same order.

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
    """Published values on a dataset that follow an unknown definition: comparable with nothing."""

    dataset: str
    split: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Comparison:
    """All tables, the rows of unknown definition, the paired tests, and the definitions of the metrics."""

    tables: tuple[Table, ...]
    unstated: tuple[Unstated, ...]
    pairs: tuple[Pair, ...]
    definitions: Mapping[str, Definition]


def choose_columns(
    requested: Sequence[str], present: set[str], extra: set[str] | None = None
) -> tuple[str, ...]:
    """Choose the columns of a table.

    Parameters
    ----------
    requested
        The metrics that were asked for; if empty, the headlines and ``extra``.
    present
        The metrics that have a value.
    extra
        Metrics to show in addition to the headlines.

    """
    if not requested:
        known = (*DEFINITIONS, *published().evidence_metrics)
        requested = [*COMPARISON_METRICS, *(name for name in known if name in (extra or ()))]
    return tuple(name for name in dict.fromkeys(requested) if name in present)


def label_space_remarks(rows: Sequence[Row]) -> list[str]:
    """Return a remark if the label spaces of the rows differ, as far as they are known."""
    sizes = list(dict.fromkeys(row.labels for row in rows))
    if len(sizes) < 2:
        return []
    differ = "differ or are not stated" if "not stated" in sizes else "differ"
    return [f"The label spaces {differ} ({'; '.join(sizes)}), which affects metrics over all labels."]
