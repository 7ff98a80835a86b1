"""The look of every verb's tables and titles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text


def new_table(*columns: str, title: str | None = None, text: tuple[str, ...] = ()) -> Table:
    """Return an empty table: the first column and those of ``text`` on the left, figures on the right."""
    # A title may hold square brackets, which are markup to rich.
    heading = None if title is None else Text(title)
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
