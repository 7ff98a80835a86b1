"""What every row of a raw MIMIC file must have: ids, whole numbers, one subject per admission."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from clem_icd.errors import SourceError

_DOWNLOAD_AGAIN = "Download the file from PhysioNet again"


def with_admissions(rows: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Return rows with ``admission`` as a number, null where it is empty.

    Parameters
    ----------
    rows
        With ``row``, the number of the row in the file, and ``admission`` as text.
    path
        The file.

    Raises
    ------
    SourceError
        If an admission is not a whole number.

    """
    _check_numbers(rows, "admission", path, "hadm_id")
    present = pl.col("admission") != ""
    return rows.with_columns(admission=pl.when(present).then("admission").cast(pl.Int64))


def check_note_rows(
    notes: pl.DataFrame, path: Path, columns: Mapping[str, str], *, numbered: bool
) -> pl.DataFrame:
    """Check rows of a file of notes, and return them with ``admission`` as a number, null where it is empty.

    Parameters
    ----------
    notes
        With ``row``, the number of the row in the file, and as text ``note_id``, ``subject`` and
        ``admission``.
    path
        The file.
    columns
        What the file calls these three columns.
    numbered
        Whether ids of notes and subjects are whole numbers, as in MIMIC-III.

    Raises
    ------
    SourceError
        If a note has no id, a duplicate id or no subject; if a number is not whole; or if an admission has
        two subjects.

    """
    admitted = with_admissions(notes, path)
    for name in ("note_id", "subject"):
        if numbered:
            _check_numbers(admitted, name, path, columns[name])
        for row in admitted.filter(pl.col(name) == "")["row"].head(1):
            raise SourceError(f"has no {columns[name]}", path=path, row=row, remedy=_DOWNLOAD_AGAIN)
    for row in admitted.filter(~pl.col("note_id").is_first_distinct())["row"].head(1):
        raise SourceError(
            f"has the {columns['note_id']} of an earlier row", path=path, row=row, remedy="Ids must be unique"
        )
    _check_subjects(admitted, path, columns)
    return admitted


def _check_subjects(notes: pl.DataFrame, path: Path, columns: Mapping[str, str]) -> None:
    admitted = notes.drop_nulls("admission").with_columns(first=pl.col("subject").first().over("admission"))
    other = admitted.filter(pl.col("subject") != pl.col("first"))
    for row, admission, subject, first in (
        other.select("row", "admission", "subject", "first").head(1).iter_rows()
    ):
        raise SourceError(
            f"gives {columns['admission']} {admission} the {columns['subject']} {subject}, "
            f"an earlier row gives it {first}",
            path=path,
            row=row,
            remedy=f"An admission has one subject. {_DOWNLOAD_AGAIN}",
        )


def _check_numbers(rows: pl.DataFrame, column: str, path: Path, name: str) -> None:
    """Refuse values that are neither empty nor whole numbers; ``name`` is what the file calls the column."""
    odd = rows.filter((pl.col(column) != "") & ~pl.col(column).str.contains(r"^[0-9]{1,18}$"))
    for row in odd["row"].head(1):
        raise SourceError(
            f"has a {name} that is not a whole number",
            path=path,
            row=row,
            remedy="Use PhysioNet's own file: other programs write 22595853 as 22595853.0",
        )
