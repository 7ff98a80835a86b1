"""A comparison as tables of text: what every renderer prints, with footnotes numbered once for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from clem_icd.evaluation.definitions import Definition
from clem_icd.reporting.comparison.entries import Entry, Value
from clem_icd.reporting.comparison.paired import Pair
from clem_icd.reporting.comparison.parts import Comparison, Row, Table, Unstated

__all__ = ["UNSTATED", "Cell", "Layout", "Sheet", "lay_out"]

UNSTATED = "Definition not stated: comparable with nothing"
"""Title of the rows that stand apart."""

_ABSENT = Value("–", 0)  # noqa: RUF001 - an en dash, as in the reports
_NO_UNSTATED = (
    "Nothing says which of several definitions these follow; a number here must not be set beside any other."
)


@dataclass(frozen=True)
class Cell:
    """A text, what stands smaller beside it, and the numbers of its footnotes."""

    text: str
    beside: str = ""
    marks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """A table of text.

    Attributes
    ----------
    title
        What it is of.
    header
        The names of its columns.
    left
        How many of the first columns hold text, and not figures.
    blocks
        Rows, in blocks with a rule between them.
    remarks
        Sentences below it.
    entries
        The entries that it shows.
    apart
        Whether its values are comparable with nothing.

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
    """All sheets, the footnotes by their number from 1 on, and the definitions by the title of a column."""

    sheets: tuple[Sheet, ...]
    footnotes: tuple[str, ...]
    definitions: dict[str, tuple[str, Definition]]


@dataclass
class _Footnotes:
    texts: list[str] = field(default_factory=list)

    def marks(self, remarks: Sequence[str]) -> tuple[int, ...]:
        """Number footnotes in the order in which they are met; the same text keeps its number."""
        self.texts += [text for text in dict.fromkeys(remarks) if text not in self.texts]
        return tuple(sorted({self.texts.index(text) + 1 for text in remarks}))


def lay_out(comparison: Comparison) -> Layout:
    """Turn a comparison into text."""
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
    # No column for a metric, since no two of these values are known to be of one kind.
    def cells(row: Row) -> tuple[Cell, ...]:
        reported = ", ".join(f"{name} {_with_spread(value)}" for name, value in row.values.items())
        return _head(row, footnotes)[0], Cell(reported), Cell(row.source)

    return Sheet(
        title=f"{UNSTATED}; published: {block.dataset}, {block.split}; percent",
        header=("System", "Reported", "Read in"),
        left=3,
        blocks=(tuple(map(cells, block.rows)),),
        remarks=(_NO_UNSTATED,),
        apart=True,
    )


def _with_spread(value: Value) -> str:
    return f"{value.text} {value.spread}".rstrip()


def _head(row: Row, footnotes: _Footnotes) -> tuple[Cell, Cell, Cell]:
    return Cell(row.system, row.beside, footnotes.marks(row.remarks)), Cell(row.origin), Cell(row.labels)


def _pair_sheet(pair: Pair, titles: dict[str, str]) -> Sheet:
    rows = []
    for name, (first, other) in pair.values.items():
        found = pair.differences[name]
        chance = "–" if found.p_randomisation is None else _p(found.p_randomisation)  # noqa: RUF001
        interval = f"[{100 * found.low:+.1f}, {100 * found.high:+.1f}]"
        values = (f"{100 * first:.1f}", f"{100 * other:.1f}", f"{100 * found.difference:+.1f}", interval)
        rows.append(tuple(map(Cell, (titles[name], *values, _p(found.p_bootstrap), chance))))
    return Sheet(
        title=f"{pair.other} against {pair.first}: {pair.title}; percent",
        header=(
            "Metric",
            pair.first,
            pair.other,
            "Difference",
            "95 % interval",
            "p, bootstrap",
            "p, swapping",
        ),
        left=1,
        blocks=(tuple(rows),),
        remarks=(
            f"Paired on the same {pair.unit}: {pair.resamples:,} resamples for the interval and the first p, "
            "as many random swaps of the two systems for the second, which areas under curves do not have. "
            "Each row is a test of its own: choose the metric before you look.",
        ),
    )


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"
