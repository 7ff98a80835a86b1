"""Entries as tables: one per set of notes, labels and codes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

from clem_icd.reporting.comparison.entries import Entry
from clem_icd.reporting.comparison.parts import Row, Table, choose_columns, label_space_remarks
from clem_icd.reporting.comparison.published_tables import interpretation_remarks, published_row
from clem_icd.reporting.published import published
from clem_icd.reporting.readings import Reading

__all__ = ["group_entries", "own_table", "with_missing_publications"]

_MATCHED_BY_NAME = (
    "Published rows match by the name of the dataset and split; whether they are for exactly these notes and "
    "codes is not known."
)

_DIFFERENT_SPACES = (
    "Only a system that ranks a whole code system can assign codes that the corpus lacks, and each of them "
    "counts as wrong, except in macro metrics and areas under curves, which are over the labels of the "
    "corpus. `clem scores restrict` leaves these codes out, for a comparison of like with like."
)


def group_entries(entries: Sequence[Entry]) -> list[tuple[Entry, ...]]:
    """Group entries that were evaluated on the same notes, labels and codes."""
    groups: dict[Hashable, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.evaluated, []).append(entry)
    return [tuple(group) for group in groups.values()]


def own_table(
    group: tuple[Entry, ...],
    rows: Sequence[Reading],
    metrics: Sequence[str],
    groups: Sequence[tuple[Entry, ...]],
) -> Table:
    """Return the table of a group, with the published rows that match it.

    Parameters
    ----------
    group
        One of ``groups``.
    rows
        The published rows to choose from.
    metrics
        The requested columns.
    groups
        The groups of all tables.

    """
    first = group[0]
    beside = [] if first.synthetic else [row for row in rows if _matches(row, first)]
    extra = {name for row in beside for name in row.metrics}
    columns = choose_columns(metrics, extra.union(*(entry.values for entry in group)), extra)
    own = tuple(_own_row(entry) for entry in group)
    others = tuple(published_row(row) for row in beside if row.metrics.keys() & set(columns))
    remarks = [*_group_remarks(group, groups), *((_MATCHED_BY_NAME,) if others else ())]
    return Table(
        title=_title(first, sorted({entry.label_space for entry in group})),
        dataset=first.source or first.corpus,
        split=first.split,
        task="codes",
        columns=columns,
        own=own,
        published=others,
        remarks=(*remarks, *label_space_remarks((*own, *others)), *interpretation_remarks(others)),
        entries=group,
    )


def with_missing_publications(table: Table) -> Table:
    """Add a remark to the table of a real corpus without published rows."""
    if table.published or table.entries[0].synthetic:
        return table
    which = " under a known definition" if table.dataset in published().datasets else ""
    remark = f"No published results{which} are known here for {table.dataset}, {table.split}."
    return replace(table, remarks=(*table.remarks, remark))


def _matches(reading: Reading, entry: Entry) -> bool:
    place = (reading.row.task, reading.dataset, reading.row.split)
    return place == ("codes", entry.source, entry.split) and bool(reading.metrics)


def _title(entry: Entry, label_spaces: Sequence[str]) -> str:
    # A corpus of a known origin is usually named after it.
    source = "" if entry.source in (None, entry.corpus) else f" (source {entry.source})"
    kind = "Synthetic notes: " if entry.synthetic else ""
    space = "several label spaces" if len(label_spaces) > 1 else label_spaces[0]
    labels = f"{space} labels" if space == f"{entry.labels:,}" else space
    return f"{kind}{entry.corpus}{source}, {entry.split}, {entry.notes:,} notes, {labels}"


def _group_remarks(group: Sequence[Entry], groups: Sequence[tuple[Entry, ...]]) -> list[str]:
    remarks = list(dict.fromkeys(entry.uncertainty for entry in group if entry.uncertainty))
    if any(entry.seeds for entry in group):
        remarks.append("± is the standard deviation over seeds.")
    if len({entry.label_space for entry in group}) > 1:
        remarks.append(_DIFFERENT_SPACES)
    if group[0].synthetic:
        remarks.append("The notes are synthetic, so nothing published is comparable with these results.")
    if len(groups) > 1:
        apart = f"Not comparable with the other tables: {_checksums(group[0])}."
        differences = _differences(group[0], groups[0][0])
        remarks.append(f"{apart} Unlike the first table: {differences}." if differences else apart)
    return remarks


def _differences(entry: Entry, first: Entry) -> str:
    """List how the evaluated data of an entry differs from that of the first."""
    mine, theirs = entry.identity or {}, first.identity or {}
    found = []
    if entry.split != first.split:
        found.append(f"the split is {entry.split}, not {first.split}")
    if entry.synthetic != first.synthetic:
        found.append(f"the notes are {'synthetic' if entry.synthetic else 'real'}")
    for key, size, other in (("notes", entry.notes, first.notes), ("labels", entry.labels, first.labels)):
        if size != other:
            found.append(f"{size:,} {key}, not {other:,}")
        elif mine and theirs and mine[key] != theirs[key]:
            found.append(f"different {key}, equally many")
    if mine and theirs and mine["codes"] != theirs["codes"]:
        found.append("the notes have different codes")
    return "; ".join(found)


def _checksums(entry: Entry) -> str:
    if entry.identity is None:
        return "its metrics lack checksums of the evaluated data"
    return ", ".join(f"{name} {entry.identity[name][:8]}" for name in entry.identity)


def _own_row(entry: Entry) -> Row:
    origin = f"{entry.seeds} seeds" if entry.seeds else "run"
    beside = "" if entry.system == entry.name else entry.system
    return Row(entry.name, beside, origin, "", entry.label_space, entry.values, entry.remarks)
