"""A comparison as tables of text, shared by all renderers, with footnotes numbered throughout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from clem_icd.evaluation.definitions import Definition
from clem_icd.evaluation.paired import Pair
from clem_icd.reporting.comparison.entries import Entry, Value
from clem_icd.reporting.comparison.parts import Comparison, Row, Table, Unstated

__all__ = ["UNSTATED", "Cell", "Layout", "Sheet", "lay_out"]

UNSTATED = "Definition not stated: comparable with nothing"
"""Title of the tables whose rows are comparable with nothing."""

_ABSENT = Value("–", 0)  # noqa: RUF001 - an en dash, as in the reports
_UNSTATED_REMARK = (
    "No publication states which of several definitions these follow; do not compare a number here with any "
    "other."
)


@dataclass(frozen=True)
class Cell:
    """A text, a smaller text next to it, and the numbers of its footnotes."""

    text: str
    beside: str = ""
    marks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """A table of text.

    Attributes
    ----------
    title
        The data and unit of the table.
    header
        The titles of the columns.
    left
        The number of leading columns that hold text rather than numbers.
    blocks
        Rows, in blocks separated by rules.
    remarks
        Sentences below the table.
    entries
        The entries shown.
    apart
        Whether the values are comparable with nothing.

    """

    title: str
    header: tuple[str, ...]
    left: int
    blocks: tuple[tuple[tuple[Cell, ...], ...], ...]
    remarks: tuple[str, ...]
    entries: tuple[Entry, ...] = ()
    apart: bool = False


@dataclass(frozen=True)
class Layout:
    """All sheets, the footnotes (numbered from 1), and name and definition of each metric by column title."""

    sheets: tuple[Sheet, ...]
    footnotes: tuple[str, ...]
    definitions: dict[str, tuple[str, Definition]]


@dataclass
class _Footnotes:
    texts: list[str] = field(default_factory=list)

    def marks(self, remarks: Sequence[str]) -> tuple[int, ...]:
        """Number footnotes in order of first use; equal texts share a number."""
        self.texts += [text for text in dict.fromkeys(remarks) if text not in self.texts]
        return tuple(sorted({self.texts.index(text) + 1 for text in remarks}))


def lay_out(comparison: Comparison) -> Layout:
    """Lay a comparison out as text."""
    footnotes = _Footnotes()
    titles = {name: definition.title for name, definition in comparison.definitions.items()}
    sheets = [_pair_sheet(pair, titles) for pair in comparison.pairs]
    sheets += [_table_sheet(table, titles, footnotes) for table in comparison.tables]
    sheets += [_unstated_sheet(block, footnotes) for block in comparison.unstated]
    definitions = {titles[name]: (name, one) for name, one in comparison.definitions.items()}
    return Layout(tuple(sheets), tuple(footnotes.texts), definitions)


def _table_sheet(table: Table, titles: dict[str, str], footnotes: _Footnotes) -> Sheet:
    def cells(row: Row) -> tuple[Cell, ...]:
        values = [row.values.get(name, _ABSENT) for name in table.columns]
        return (*_head(row, footnotes), *(Cell(value.text, value.spread) for value in values))

    return Sheet(
        title=f"{table.title}; percent",
        header=("System", "From", "Labels", *(titles[name] for name in table.columns)),
        left=2,
        blocks=tuple(tuple(map(cells, block)) for block in (table.own, table.published) if block),
        remarks=table.remarks,
        entries=table.entries,
    )


def _unstated_sheet(block: Unstated, footnotes: _Footnotes) -> Sheet:
    # No column per metric: no two of these values are known to follow the same definition.
    def cells(row: Row) -> tuple[Cell, ...]:
        reported = ", ".join(f"{name} {_with_spread(value)}" for name, value in row.values.items())
        return _head(row, footnotes)[0], Cell(reported), Cell(row.source)

    return Sheet(
        title=f"{UNSTATED}; published: {block.dataset}, {block.split}; percent",
        header=("System", "Reported", "Source"),
        left=3,
        blocks=(tuple(map(cells, block.rows)),),
        remarks=(_UNSTATED_REMARK,),
        apart=True,
    )


def _with_spread(value: Value) -> str:
    return f"{value.text} {value.spread}".rstrip()


def _head(row: Row, footnotes: _Footnotes) -> tuple[Cell, Cell, Cell]:
    name = f"{row.system}, {row.reading}" if row.reading else row.system
    return Cell(name, row.beside, footnotes.marks(row.remarks)), Cell(row.origin), Cell(row.labels)


def _pair_sheet(pair: Pair, titles: dict[str, str]) -> Sheet:
    rows = []
    for name, (first, other) in pair.values.items():
        found = pair.differences[name]
        randomisation = "–" if found.p_randomisation is None else _p(found.p_randomisation)  # noqa: RUF001
        interval = f"[{100 * found.low:+.1f}, {100 * found.high:+.1f}]"
        values = (f"{100 * first:.1f}", f"{100 * other:.1f}", f"{100 * found.difference:+.1f}", interval)
        rows.append(tuple(map(Cell, (titles[name], *values, _p(found.p_bootstrap), randomisation))))
    return Sheet(
        title=f"{pair.other} versus {pair.first}: {pair.title}; percent",
        header=(
            "Metric",
            pair.first,
            pair.other,
            "Difference",
            "95 % interval",
            "p, bootstrap",
            "p, randomisation",
        ),
        left=1,
        blocks=(tuple(rows),),
        remarks=(
            f"Paired on the same {pair.unit}: {pair.resamples:,} bootstrap resamples for the interval and "
            f"the first p-value, and {pair.resamples:,} random swaps of the systems for the second, which "
            "does not exist for areas under curves. Each row is a separate test: choose the metric before "
            "looking at the results.",
        ),
    )


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"
