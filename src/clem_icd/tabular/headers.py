"""Finding the columns to read in a file's header."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from clem_icd.errors import SourceError
from clem_icd.tabular.refusals import missing_column


def column_positions(
    path: Path, header: Sequence[str], columns: Sequence[str], *, is_header: bool = False
) -> list[int]:
    """Return the positions of columns.

    A name matches exactly; or else, if only one name does so, ignoring case and surrounding blanks: the
    releases of MIMIC differ in the case of their headers.

    Parameters
    ----------
    is_header
        Whether the header is certainly one; the first line of a text file may be a row of values.

    Raises
    ------
    SourceError
        If there is no such column, or there are several.

    """
    for column in columns:
        if header.count(column) > 1:
            raise SourceError(f"has two columns {column!r}", path=path, remedy="Rename one of them")
    found = {column: _position(header, column) for column in columns}
    for column, position in found.items():
        if position is None:
            raise missing_column(path, column, header, is_header=is_header or has_any_column(header, columns))
    return [position for column in columns if (position := found[column]) is not None]


def has_any_column(header: Sequence[str], columns: Iterable[str]) -> bool:
    """Return whether `column_positions` finds one of the columns."""
    return any(has_column(header, column) for column in columns)


def has_column(header: Sequence[str], column: str) -> bool:
    """Return whether `column_positions` finds a column."""
    return _position(header, column) is not None


def name_of(header: Sequence[str], column: str) -> str:
    """Return the name of a column as the header writes it; unchanged if it has no such column."""
    position = _position(header, column)
    return column if position is None else header[position]


def cleaned(name: str) -> str:
    """Return the name of a column without surrounding blanks and invisible characters."""
    return "".join(one for one in name if unicodedata.category(one) != "Cf").strip()


def is_named(name: str, column: str) -> bool:
    """Return whether two names are those of one column, ignoring case and surrounding blanks."""
    return _plain(name) == _plain(column)


def _position(header: Sequence[str], column: str) -> int | None:
    if column in header:
        return header.index(column)
    alike = [position for position, name in enumerate(header) if is_named(name, column)]
    return alike[0] if len(alike) == 1 else None


def _plain(name: str) -> str:
    return cleaned(name).lower()
