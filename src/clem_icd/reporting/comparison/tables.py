"""Entries and published rows sorted into tables that hold nothing but what can be compared."""

from __future__ import annotations

from collections.abc import Sequence

from clem_icd.errors import InputError
from clem_icd.evaluation.definitions import DEFINITIONS
from clem_icd.evaluation.profiles import hint_of_metric
from clem_icd.reporting.comparison.entries import Entry
from clem_icd.reporting.comparison.ours import grouped, own_table, saying_what_is_missing, with_distinct_names
from clem_icd.reporting.comparison.paired import Pair
from clem_icd.reporting.comparison.parts import Comparison
from clem_icd.reporting.comparison.theirs import published_tables, unstated_rows
from clem_icd.reporting.published import Published, published

__all__ = ["check_metrics", "compare"]


def compare(
    entries: Sequence[Entry],
    *,
    with_published: bool = False,
    datasets: Sequence[str] = (),
    metrics: Sequence[str] = (),
    pairs: Sequence[Pair] = (),
) -> Comparison:
    """Sort entries, and published rows where they are asked for, into tables.

    Parameters
    ----------
    entries
        What `read_entry` returns, of each.
    with_published
        Add the published rows of the entries' datasets; without entries and ``datasets``, of all.
    datasets
        Add the published rows of these.
    metrics
        The columns, as far as there are values for them; some headlines if not given.
    pairs
        Paired comparisons to be shown with the tables.

    Raises
    ------
    InputError
        If there is nothing to compare, no such metric, or nothing published on a dataset.

    """
    known = published()
    check_metrics(metrics)
    _require_datasets(datasets, known)
    shown = _shown_datasets(entries, known, with_published, datasets)
    groups = grouped(with_distinct_names(entries))
    rows = [row for row in known.rows if row.dataset in shown]
    tables = [own_table(group, rows, metrics, groups) for group in groups]
    if with_published:
        tables = [saying_what_is_missing(table) for table in tables]
    joined = {(table.dataset, table.split) for table in tables if table.published}
    tables += published_tables(rows, metrics, joined)
    if not tables and not pairs:
        raise InputError("there is nothing to compare", remedy="Name runs, or pass --published")
    names = dict.fromkeys(name for table in tables for name in table.columns)
    names |= dict.fromkeys(name for pair in pairs for name in pair.differences)
    return Comparison(
        tuple(tables), unstated_rows(rows), tuple(pairs), {name: known.definition(name) for name in names}
    )


def check_metrics(names: Sequence[str]) -> None:
    """Refuse names that no metric has.

    Raises
    ------
    InputError
        Naming the first of them.

    """
    strange = sorted(set(names) - DEFINITIONS.keys() - published().evidence_metrics.keys())
    if strange:
        raise InputError(f"there is no metric {strange[0]}", remedy=hint_of_metric(strange[0]))


def _require_datasets(datasets: Sequence[str], known: Published) -> None:
    strange = [name for name in datasets if name not in known.datasets]
    if strange:
        raise InputError(
            f"nothing published is known on {strange[0]}", remedy=f"Choose from {', '.join(known.datasets)}"
        )


def _shown_datasets(
    entries: Sequence[Entry], known: Published, with_published: bool, datasets: Sequence[str]
) -> set[str]:
    if not with_published:
        return set(datasets)
    if not entries:
        return set(datasets or known.datasets)
    return {*datasets, *(str(entry.source) for entry in entries if not entry.synthetic)}
