"""Published rows as tables, with those of unknown definition separate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from clem_icd.reporting.comparison.entries import Value
from clem_icd.reporting.comparison.parts import Row, Table, Unstated, choose_columns, label_space_remarks
from clem_icd.reporting.published import PublishedRow, published

__all__ = ["published_row", "published_table", "published_tables", "unstated_rows"]

_Task = Literal["codes", "evidence"]


def published_row(row: PublishedRow, *, unstated: bool = False) -> Row:
    """Return the values published under known definitions, or with ``unstated`` the other ones."""
    known = published()
    reported = row.unknown_definition if unstated else row.metrics
    return Row(
        system=row.system,
        beside=known.works[row.work].cite,
        origin=row.confirmed.replace("-", " "),
        source=row.source,
        labels=row.labels,
        values={name: Value.of_published(value) for name, value in reported.items()},
        remarks=tuple(known.footnotes[key] for key in row.footnotes),
    )


def published_tables(
    rows: Sequence[PublishedRow], metrics: Sequence[str], joined: set[tuple[str, str]]
) -> list[Table]:
    """Return a table per dataset, split and task.

    Parameters
    ----------
    metrics
        The requested columns.
    joined
        Datasets and splits whose rows for codes are already in the table of a run; left out here.

    """
    groups: dict[tuple[str, str, _Task], list[PublishedRow]] = {}
    for row in rows:
        if row.metrics and not (row.task == "codes" and (row.dataset, row.split) in joined):
            groups.setdefault((row.dataset, row.split, row.task), []).append(row)
    tables = [published_table(group, metrics) for group in groups.values()]
    return [table for table in tables if table.published]


def published_table(rows: Sequence[PublishedRow], metrics: Sequence[str]) -> Table:
    """Return the table of rows that share a dataset, split and task."""
    dataset, split, task = rows[0].dataset, rows[0].split, rows[0].task
    present = {name for row in rows for name in row.metrics}
    columns = choose_columns(metrics, present, present)
    listed = tuple(published_row(row) for row in rows if row.metrics.keys() & set(columns))
    what = "evidence for codes, not the codes" if task == "evidence" else "codes"
    title = f"Published: {dataset}, {split}, {what}"
    return Table(title, dataset, split, task, columns, (), listed, tuple(label_space_remarks(listed)))


def unstated_rows(rows: Sequence[PublishedRow]) -> tuple[Unstated, ...]:
    """Return the values of unknown definition, by dataset and split."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.unknown_definition:
            listed = groups.setdefault((row.dataset, row.split), [])
            listed.append(published_row(row, unstated=True))
    return tuple(Unstated(*key, tuple(group)) for key, group in groups.items())
