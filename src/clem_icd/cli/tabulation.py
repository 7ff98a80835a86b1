"""How every verb's tables look."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text


def new_table(*columns: str, title: str | None = None, text: tuple[str, ...] = ()) -> Table:
    """Return an empty table: the first column and those of ``text`` on the left, figures on the right."""
    # A title may hold square brackets, which are markup to rich.
    heading = None if title is None else Text(title)
    table = Table(box=SIMPLE_HEAD, title=heading, title_justify="left", title_style="bold", pad_edge=False)
    for position, column in enumerate(columns):
        table.add_column(column, justify="left" if position == 0 or column in text else "right")
    return table
