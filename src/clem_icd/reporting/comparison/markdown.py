"""A comparison as Markdown."""

from __future__ import annotations

import re

from clem_icd.reporting.comparison.layout import Cell, Layout, Sheet

__all__ = ["to_markdown"]

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~])")


def to_markdown(layout: Layout) -> str:
    """Return the sheets as Markdown tables, with footnotes and definitions below."""
    parts = [_sheet(sheet) for sheet in layout.sheets]
    if layout.footnotes:
        notes = [f"{number}. {_escape(text)}" for number, text in enumerate(layout.footnotes, start=1)]
        parts.append("## Footnotes\n\n" + "\n".join(notes))
    if layout.definitions:
        rows = [
            f"- **{_escape(title)}** `{name}`: {_escape(one.definition)} "
            f"Over {_escape(one.labels)} and {_escape(one.notes)}; {_escape(one.source)}."
            for title, (name, one) in layout.definitions.items()
        ]
        parts.append("## Definitions\n\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def _sheet(sheet: Sheet) -> str:
    right = len(sheet.header) - sheet.left
    lines = [
        _line([_escape(title) for title in sheet.header]),
        _line(["---"] * sheet.left + ["---:"] * right),
    ]
    lines += [_line([_cell(cell) for cell in row]) for block in sheet.blocks for row in block]
    remarks = "".join(f"\n\n{_escape(remark)}" for remark in sheet.remarks)
    return f"## {_escape(sheet.title)}\n\n" + "\n".join(lines) + remarks


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    beside = f" {_escape(cell.beside)}" if cell.beside else ""
    marks = f" <sup>{','.join(map(str, cell.marks))}</sup>" if cell.marks else ""
    return f"{_escape(cell.text)}{beside}{marks}"


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
