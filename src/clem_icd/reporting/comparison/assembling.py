"""Assembles entries and published rows into tables whose rows are comparable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from clem_icd.errors import InputError
from clem_icd.evaluation.definitions import DEFINITIONS
from clem_icd.evaluation.paired import Pair
from clem_icd.evaluation.profiles import hint_of_metric
from clem_icd.reporting.comparison.entries import Entry
from clem_icd.reporting.comparison.own_tables import group_entries, own_table, with_missing_publications
from clem_icd.reporting.comparison.parts import Comparison
from clem_icd.reporting.comparison.published_tables import published_tables, unstated_rows
from clem_icd.reporting.names import distinct_names
from clem_icd.reporting.published import Published, published
from clem_icd.reporting.readings import readings

__all__ = ["check_metrics", "compare"]


def compare(
    entries: Sequence[Entry],
    *,
    with_published: bool = False,
    datasets: Sequence[str] = (),
    works: Sequence[str] | None = None,
    metrics: Sequence[str] = (),
    pairs: Sequence[Pair] = (),
) -> Comparison:
    """Compare entries, and published results if requested.

    Parameters
    ----------
    entries
        What `read_entry` returned for each result.
    with_published
        Add the published rows for the datasets of the entries; without entries and ``datasets``, all rows.
    datasets
        Add the published rows for these datasets.
    works
        Show only published rows of these works, by their keys; None for all.
    metrics
        The columns, as far as there are values; some headlines by default.
    pairs
        Paired comparisons to show with the tables.

    Raises
    ------
    InputError
        If there is nothing to compare, a metric is unknown, or a dataset has no published results.

    """
    known = published()
    check_metrics(metrics)
    _check_datasets(datasets, known)
    shown = _shown_datasets(entries, known, with_published, datasets)
    names = distinct_names([entry.name for entry in entries])
    groups = group_entries([replace(entry, name=name) for entry, name in zip(entries, names, strict=True)])
    rows = [
        reading
        for reading in readings(known)
        if reading.dataset in shown and (works is None or reading.row.work in works)
    ]
    tables = [own_table(group, rows, metrics, groups) for group in groups]
    if with_published:
        tables = [with_missing_publications(table) for table in tables]
    joined = {(table.dataset, table.split) for table in tables if table.published}
    tables += published_tables(rows, metrics, joined)
    if not tables and not pairs:
        raise InputError("there is nothing to compare", remedy="Name runs, or pass --published")
    defined = dict.fromkeys(name for table in tables for name in table.columns)
    defined |= dict.fromkeys(name for pair in pairs for name in pair.differences)
    return Comparison(
        tuple(tables), unstated_rows(rows), tuple(pairs), {name: known.definition(name) for name in defined}
    )


def check_metrics(names: Sequence[str]) -> None:
    """Refuse unknown metric names.

    Raises
    ------
    InputError
        Naming the first of them.

    """
    unknown = sorted(set(names) - DEFINITIONS.keys() - published().evidence_metrics.keys())
    if unknown:
        raise InputError(f"unknown metric {unknown[0]}", remedy=hint_of_metric(unknown[0]))


def _check_datasets(datasets: Sequence[str], known: Published) -> None:
    unknown = [name for name in datasets if name not in known.datasets]
    if unknown:
        raise InputError(
            f"no published results are known for {unknown[0]}",
            remedy=f"Choose from {', '.join(known.datasets)}",
        )


def _shown_datasets(
    entries: Sequence[Entry], known: Published, with_published: bool, datasets: Sequence[str]
) -> set[str]:
    if not with_published:
        return set(datasets)
    if not entries:
        return set(datasets or known.datasets)
    return {*datasets, *(str(entry.source) for entry in entries if not entry.synthetic)}
