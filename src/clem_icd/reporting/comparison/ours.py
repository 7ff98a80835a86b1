"""Entries as tables: one for what was evaluated on the same notes, labels and codes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import replace

from clem_icd.reporting.comparison.entries import Entry
from clem_icd.reporting.comparison.parts import Row, Table, columns_of, label_spaces
from clem_icd.reporting.comparison.theirs import published_row
from clem_icd.reporting.published import PublishedRow, published

__all__ = ["grouped", "own_table", "saying_what_is_missing", "with_distinct_names"]

_BY_NAME = (
    "Published rows are of the same dataset and split by name; whether their notes and codes are exactly "
    "these is not known."
)


def with_distinct_names(entries: Sequence[Entry]) -> list[Entry]:
    """Number entries of the same name from the second on."""
    seen: Counter[str] = Counter()
    distinct = []
    for entry in entries:
        seen[entry.name] += 1
        again = seen[entry.name] > 1
        distinct.append(replace(entry, name=f"{entry.name} ({seen[entry.name]})") if again else entry)
    return distinct


def grouped(entries: Sequence[Entry]) -> list[tuple[Entry, ...]]:
    """Put together what was evaluated on the same notes, labels and codes."""
    groups: dict[Hashable, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.evaluated, []).append(entry)
    return [tuple(group) for group in groups.values()]


def own_table(
    group: tuple[Entry, ...],
    rows: Sequence[PublishedRow],
    metrics: Sequence[str],
    groups: Sequence[tuple[Entry, ...]],
) -> Table:
    """Return the table of a group, one of ``groups``, with those of the published rows that may join it."""
    first = group[0]
    beside = [] if first.synthetic else [row for row in rows if _is_of(row, first)]
    extra = {name for row in beside for name in row.metrics}
    columns = columns_of(metrics, extra.union(*(entry.values for entry in group)), extra)
    own = tuple(_own_row(entry) for entry in group)
    others = tuple(published_row(row) for row in beside if row.metrics.keys() & set(columns))
    remarks = [*_group_remarks(group, groups), *((_BY_NAME,) if others else ())]
    return Table(
        title=_title(first),
        dataset=first.source or first.corpus,
        split=first.split,
        task="codes",
        columns=columns,
        own=own,
        published=others,
        remarks=(*remarks, *label_spaces((*own, *others))),
        entries=group,
    )


def saying_what_is_missing(table: Table) -> Table:
    """Add a remark where nothing published is known on a real corpus."""
    if table.published or table.entries[0].synthetic:
        return table
    which = " under a known definition" if table.dataset in published().datasets else ""
    remark = f"Nothing published{which} is known here on {table.dataset}, {table.split}."
    return replace(table, remarks=(*table.remarks, remark))


def _is_of(row: PublishedRow, entry: Entry) -> bool:
    return (row.task, row.dataset, row.split) == ("codes", entry.source, entry.split) and bool(row.metrics)


def _title(entry: Entry) -> str:
    # A corpus of a known origin usually has that as its name.
    source = "" if entry.source in (None, entry.corpus) else f" (source {entry.source})"
    kind = "Synthetic notes: " if entry.synthetic else ""
    return f"{kind}{entry.corpus}{source}, {entry.split}, {entry.notes:,} notes, {entry.labels:,} labels"


def _group_remarks(group: Sequence[Entry], groups: Sequence[tuple[Entry, ...]]) -> list[str]:
    remarks = list(dict.fromkeys(entry.uncertainty for entry in group if entry.uncertainty))
    if any(entry.seeds for entry in group):
        remarks.append("± is the standard deviation over seeds.")
    if group[0].synthetic:
        remarks.append("The notes were made up by a program; nothing published is comparable with this.")
    if len(groups) > 1:
        apart = f"Not comparable with the other tables: {_checksums(group[0])}."
        differences = _differences(group[0], groups[0][0])
        remarks.append(f"{apart} Unlike the first: {differences}." if differences else apart)
    return remarks


def _differences(entry: Entry, first: Entry) -> str:
    """Name what of an entry was evaluated that is not the first one's."""
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
            found.append(f"other {key}, as many")
    if mine and theirs and mine["codes"] != theirs["codes"]:
        found.append("the notes have other codes")
    return "; ".join(found)


def _checksums(entry: Entry) -> str:
    if entry.identity is None:
        return "these metrics hold no checksums of what was evaluated"
    return ", ".join(f"{name} {entry.identity[name][:8]}" for name in entry.identity)


def _own_row(entry: Entry) -> Row:
    origin = f"{entry.seeds} seeds" if entry.seeds else "run"
    beside = "" if entry.system == entry.name else entry.system
    return Row(entry.name, beside, origin, "", f"{entry.labels:,}", entry.values, entry.remarks)
