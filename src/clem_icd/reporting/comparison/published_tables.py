"""Published rows as tables, with those of unknown definition separate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from clem_icd.reporting.comparison.entries import Value
from clem_icd.reporting.comparison.parts import Row, Table, Unstated, choose_columns, label_space_remarks
from clem_icd.reporting.published import published
from clem_icd.reporting.readings import Reading

__all__ = ["interpretation_remarks", "published_row", "published_table", "published_tables", "unstated_rows"]

_Task = Literal["codes", "evidence"]

_AS_UNDERSTOOD = (
    "A row as understood was printed for other data, or without definitions; its footnotes say why it is "
    "here, and how sure that is."
)


def published_row(reading: Reading, *, unstated: bool = False) -> Row:
    """Return the values published under known definitions, or with ``unstated`` the other ones."""
    reported = reading.unknown_definition if unstated else reading.metrics
    return Row(
        system=reading.row.system,
        beside=published().works[reading.row.work].cite,
        origin=reading.origin,
        source=reading.row.source,
        labels=reading.labels,
        values={name: Value.of_published(value) for name, value in reported.items()},
        remarks=reading.remarks,
        reading=reading.kind,
    )


def interpretation_remarks(rows: Sequence[Row]) -> list[str]:
    """Return a remark if a row is shown as understood."""
    return [_AS_UNDERSTOOD] if any(row.reading == "as understood" for row in rows) else []


def published_tables(
    rows: Sequence[Reading], metrics: Sequence[str], joined: set[tuple[str, str]]
) -> list[Table]:
    """Return a table per dataset, split and task.

    Parameters
    ----------
    metrics
        The requested columns.
    joined
        Datasets and splits whose rows for codes are already in the table of a run; left out here.

    """
    groups: dict[tuple[str, str, _Task], list[Reading]] = {}
    for one in rows:
        place = (one.dataset, one.row.split)
        if one.metrics and not (one.row.task == "codes" and place in joined):
            groups.setdefault((*place, one.row.task), []).append(one)
    tables = [published_table(group, metrics) for group in groups.values()]
    return [table for table in tables if table.published]


def published_table(rows: Sequence[Reading], metrics: Sequence[str]) -> Table:
    """Return the table of rows that share a dataset, split and task."""
    dataset, split, task = rows[0].dataset, rows[0].row.split, rows[0].row.task
    present = {name for row in rows for name in row.metrics}
    columns = choose_columns(metrics, present, present)
    listed = tuple(published_row(row) for row in rows if row.metrics.keys() & set(columns))
    what = "evidence for codes, not the codes" if task == "evidence" else "codes"
    title = f"Published: {dataset}, {split}, {what}"
    remarks = (*label_space_remarks(listed), *interpretation_remarks(listed))
    return Table(title, dataset, split, task, columns, (), listed, remarks)


def unstated_rows(rows: Sequence[Reading]) -> tuple[Unstated, ...]:
    """Return the values of unknown definition, by dataset and split."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for one in rows:
        if one.unknown_definition:
            listed = groups.setdefault((one.dataset, one.row.split), [])
            listed.append(published_row(one, unstated=True))
    return tuple(Unstated(*key, tuple(group)) for key, group in groups.items())
