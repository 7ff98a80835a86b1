"""A comparison as LaTeX tables with booktabs, for a paper."""

from __future__ import annotations

from collections.abc import Sequence

from clem_icd.reporting.comparison.layout import Cell, Layout, Sheet

__all__ = ["to_latex"]

_HEAD = "% Needs the package booktabs, UTF-8 input and the font encoding T1.\n"
_SIZES = ("small", "footnotesize", "scriptsize")
"""Font sizes of tables with up to 3, up to 7, and more numeric columns."""

_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "[": "{[}",
        "]": "{]}",
        '"': r"\textquotedbl{}",
        "\N{EN DASH}": "--",
        "\N{PLUS-MINUS SIGN}": r"$\pm$",
        "\N{MULTIPLICATION SIGN}": r"$\times$",
        "\N{NABLA}": r"$\nabla$",
        "\N{GREATER-THAN OR EQUAL TO}": r"$\geq$",
        "\N{LESS-THAN OR EQUAL TO}": r"$\leq$",
        "\N{MINUS SIGN}": "$-$",
        "\N{HORIZONTAL ELLIPSIS}": r"\dots{}",
    }
)


def to_latex(layout: Layout) -> str:
    """Return a table environment per sheet, with its own footnotes and definitions below."""
    return _HEAD + "\n".join(_table(sheet, layout) for sheet in layout.sheets)


def _table(sheet: Sheet, layout: Layout) -> str:
    size = _SIZES[min(_numeric_columns(sheet) // 4, len(_SIZES) - 1)]
    lines = [
        r"\begin{table*}",
        rf"\centering\{size}\setlength{{\tabcolsep}}{{3pt}}",
        rf"\caption{{{_escape(sheet.title)}}}",
        rf"\begin{{tabular}}{{@{{}}{_columns(sheet)}@{{}}}}",
        r"\toprule",
        _row([*map(_escape, sheet.header[: sheet.left]), *map(_title, sheet.header[sheet.left :])]),
    ]
    for block in sheet.blocks:
        lines += [r"\midrule", *(_row(_cells(row, sheet.left)) for row in block)]
    lines += [r"\bottomrule", r"\end{tabular}"]
    # Below the tabular: inside, a long note would stretch the last column.
    notes = [rf"\par\medskip{{\footnotesize\raggedright {note}\par}}" for note in _notes(sheet, layout)]
    return "\n".join([*lines, *notes, r"\end{table*}", ""])


def _row(cells: list[str]) -> str:
    # Not \\, which after \raggedright breaks the line inside the cell.
    return " & ".join(cells) + r" \tabularnewline"


def _numeric_columns(sheet: Sheet) -> int:
    return len(sheet.header) - sheet.left


def _columns(sheet: Sheet) -> str:
    """Return the column specification; text columns wrap, so that a wide table fits the page."""
    numeric = _numeric_columns(sheet)
    if not numeric:
        return "".join(rf"p{{{share}\linewidth}}" for share in (0.25, 0.42, 0.27))
    return rf"p{{{0.3 if numeric < 6 else 0.2}\linewidth}}" + "l" * (sheet.left - 1) + "r" * numeric


def _title(title: str) -> str:
    name, bracket, rest = title.partition(" (")
    if bracket:
        return _stacked(_escape(name), _escape(f"({rest}"))
    first, blank, rest = title.partition(" ")
    return _stacked(_escape(first), _escape(rest)) if blank else _escape(title)


def _cells(row: Sequence[Cell], left: int) -> list[str]:
    return [*map(_text, row[:left]), *map(_number, row[left:])]


def _text(cell: Cell) -> str:
    beside = rf" {{\scriptsize {_escape(cell.beside)}}}" if cell.beside else ""
    marks = f"$^{{{','.join(map(str, cell.marks))}}}$" if cell.marks else ""
    return rf"\raggedright {_escape(cell.text)}{marks}{beside}"


def _number(cell: Cell) -> str:
    text = _escape(cell.text)
    return _stacked(text, rf"\scriptsize {_escape(cell.beside)}") if cell.beside else text


def _stacked(above: str, below: str) -> str:
    return rf"\begin{{tabular}}[t]{{@{{}}r@{{}}}}{above}\\{below}\end{{tabular}}"


def _notes(sheet: Sheet, layout: Layout) -> list[str]:
    marks = sorted({mark for block in sheet.blocks for row in block for cell in row for mark in cell.marks})
    shown = [title for title in sheet.header if title in layout.definitions]
    shown += [row[0].text for block in sheet.blocks for row in block if row[0].text in layout.definitions]
    return [
        *(_escape(remark) for remark in sheet.remarks),
        *(f"$^{{{mark}}}$ {_escape(layout.footnotes[mark - 1])}" for mark in marks),
        *(
            rf"\emph{{{_escape(title)}}}: {_escape(layout.definitions[title][1].definition)}"
            for title in dict.fromkeys(shown)
        ),
    ]


def _escape(text: str) -> str:
    return " ".join(text.split()).translate(_ESCAPES)
