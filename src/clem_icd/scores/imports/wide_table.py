"""Wide tables: one row per note, one column per code, like the predictions of Edin et al. (2023, 2024).

Their ``predictions_<split>.feather`` has the admission in ``_id``, the gold codes in ``target``, and a column
per code with what their trainers call logits; these are probabilities, after the sigmoid.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from clem_icd.errors import ScoresError
from clem_icd.icd.systems import shown
from clem_icd.scores.imports.external import Dense, ExternalCode, ExternalScores, FloatArray
from clem_icd.scores.imports.table_files import (
    LONGEST_NAME,
    Table,
    id_column,
    number_column,
    require_columns,
)

EDIN_NOTE = "_id"
EDIN_GOLD = "target"

# This many of possibly thousands of columns are in memory twice.
_COLUMNS_AT_ONCE = 512


def read_wide(
    path: Path, note_column: str, gold_column: str | None = None, *, encoding: str = "utf-8"
) -> ExternalScores:
    """Read a wide table.

    Parameters
    ----------
    note_column
        The column with the ids of the notes.
    gold_column
        A column with lists of gold codes.
    encoding
        The encoding of a text file.

    Raises
    ------
    InputError
        If a column is missing or has the wrong type, a row lacks its note or a score, or a note is repeated.

    """
    fixed = [name for name in (note_column, gold_column) if name]
    table = Table(path, fixed, encoding)
    note_column = table.name(note_column)
    fixed = [note_column, *fixed[1:]]
    require_columns(table, fixed)
    notes = _notes(table, note_column)
    names = [name for name in table.schema if name not in (note_column, gold_column)]
    codes = tuple(ExternalCode(name.strip()) for name in names)
    return ExternalScores(
        notes=notes,
        codes=codes,
        values=Dense(_values(table, names, len(notes))),
        label_list=codes,
        gold=None if gold_column is None else _gold(table, gold_column),
    )


def _notes(table: Table, name: str) -> tuple[str, ...]:
    notes = table.select([name], note=id_column(table, name))["note"].to_list()
    seen: set[str] = set()
    for row, note in enumerate(notes, start=1):
        if not note or note in seen:
            found = "duplicate note id" if note else "has no note id"
            raise ScoresError(found, path=table.path, row=row, remedy="Write one row per note, with its id")
        seen.add(note)
    return tuple(notes)


def _values(table: Table, names: Sequence[str], notes: int) -> FloatArray:
    values = np.empty((notes, len(names)), np.float32)
    for start in range(0, len(names), _COLUMNS_AT_ONCE):
        some = names[start : start + _COLUMNS_AT_ONCE]
        part = table.select(some, [number_column(table, name) for name in some])
        for offset, column in enumerate(part):
            if column.null_count():
                raise _no_number(table, column.name, column.is_null().arg_true()[0])
            values[:, start + offset] = column.to_numpy()
    return values


def _no_number(table: Table, name: str, row: int) -> ScoresError:
    value = table.select([name], pl.col(name).cast(pl.String, strict=False))[name][row] or ""
    is_array = value.lstrip().startswith("[")
    return ScoresError(
        f"has {'an array' if is_array else 'no number'} in the column {shown(name, LONGEST_NAME)}",
        path=table.path,
        row=row + 1,
        remedy="Save the array with np.savez(path, scores=…, note_ids=…, labels=…): text shortens it"
        if is_array
        else "Write a score for every note and code, and leave out other columns",
    )


def _gold(table: Table, name: str) -> tuple[frozenset[str], ...]:
    kind = table.schema[name]
    if kind != pl.List(pl.String):
        raise ScoresError(
            f"has gold codes of type {kind} in the column {name!r}, expected lists of text",
            path=table.path,
            remedy="Leave the column out",
        )
    lists = table.select([name], pl.col(name))[name].to_list()
    return tuple(frozenset(codes or ()) for codes in lists)
