"""Finding the columns to read in a file's header."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

from clem_icd.errors import SourceError
from clem_icd.tabular.refusals import missing_column


def column_position(path: Path, header: Sequence[str], column: str) -> int:
    """Return the position of a column.

    Its name matches exactly; or else, if only one name does so, ignoring case and surrounding blanks: the
    releases of MIMIC differ in the case of their headers.

    Raises
    ------
    SourceError
        If there is no such column, or there are several.

    """
    if header.count(column) > 1:
        raise SourceError(f"has two columns {column!r}", path=path, remedy="Rename one of them")
    position = _position(header, column)
    if position is None:
        raise missing_column(path, column, header)
    return position


def has_column(header: Sequence[str], column: str) -> bool:
    """Return whether `column_position` finds a column."""
    return _position(header, column) is not None


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
