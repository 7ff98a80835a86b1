"""Finding the columns to read in a file's header."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from clem_icd.tabular.refusals import missing_column


def column_position(path: Path, header: Sequence[str], column: str) -> int:
    """Return the position of a column.

    Its name matches exactly; or else, if only one name does so, ignoring case and surrounding blanks: the
    releases of MIMIC differ in the case of their headers.

    Raises
    ------
    SourceError
        If there is no such column.

    """
    if column in header:
        return header.index(column)
    alike = [position for position, name in enumerate(header) if _plain(name) == _plain(column)]
    if len(alike) != 1:
        raise missing_column(path, column, header)
    return alike[0]


def _plain(name: str) -> str:
    return name.strip().lower()
