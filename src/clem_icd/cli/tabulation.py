"""The look of every verb's tables and titles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text


_UNITS = {"GB": 1e9, "MB": 1e6, "kB": 1e3}


def new_table(*columns: str, title: str | None = None, text: tuple[str, ...] = ()) -> Table:
    """Return an empty table: the first column and those of ``text`` on the left, figures on the right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    heading = None if title is None else plain(title)
    table = Table(
        box=SIMPLE_HEAD,
        title=heading,
        title_justify="left",
        title_style="bold",
        pad_edge=False,
        show_edge=False,
    )
    for position, column in enumerate(columns):
        table.add_column(column, justify="left" if position == 0 or column in text else "right")
    return table


def corpus_title(corpus: Mapping[str, Any]) -> str:
    """Return the name of a corpus, marked if it is synthetic."""
    return f"{corpus['name']}, synthetic" if corpus.get("synthetic") else str(corpus["name"])


def size(number: float | None) -> str:
    """Return a number of bytes in kB, MB or GB, or a question mark."""
    if number is None:
        return "?"
    unit = next((unit for unit, least in _UNITS.items() if number >= least), "kB")
    return f"{number / _UNITS[unit]:,.1f} {unit}"


def plain(text: str) -> Text:
    """Return a text in which square brackets are only square brackets: to rich they are markup."""
    from rich.text import Text

    return Text(text)
