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
    collect,
    id_column,
    number_column,
    require_columns,
    scan_table,
    schema_of,
)

EDIN_NOTE = "_id"
EDIN_GOLD = "target"

# This many of possibly thousands of columns are in memory twice.
_COLUMNS_AT_ONCE = 512


def read_wide(path: Path, note_column: str, gold_column: str | None = None) -> ExternalScores:
    """Read a wide table.

    Parameters
    ----------
    note_column
        The column with the ids of the notes.
    gold_column
        A column with lists of gold codes.

    Raises
    ------
    InputError
        If a column is missing or has the wrong type, a row lacks its note or a score, or a note is repeated.

    """
    frame = scan_table(path)
    schema = schema_of(path, frame)
    require_columns(path, schema, [name for name in (note_column, gold_column) if name])
    notes = _notes(path, frame.select(note=id_column(path, schema, note_column)), note_column)
    names = [name for name in schema if name not in (note_column, gold_column)]
    codes = tuple(ExternalCode(name.strip()) for name in names)
    return ExternalScores(
        notes=notes,
        codes=codes,
        values=Dense(_values(path, frame, schema, names, len(notes))),
        label_list=codes,
        gold=None if gold_column is None else _gold(path, frame, schema, gold_column),
    )


def _notes(path: Path, frame: pl.LazyFrame, name: str) -> tuple[str, ...]:
    notes = collect(path, frame, [name])["note"].to_list()
    seen: set[str] = set()
    for row, note in enumerate(notes, start=1):
        if not note or note in seen:
            found = "duplicate note id" if note else "has no note id"
            raise ScoresError(found, path=path, row=row, remedy="Write one row per note, with its id")
        seen.add(note)
    return tuple(notes)


def _values(
    path: Path, frame: pl.LazyFrame, schema: pl.Schema, names: Sequence[str], notes: int
) -> FloatArray:
    values = np.empty((notes, len(names)), np.float32)
    for start in range(0, len(names), _COLUMNS_AT_ONCE):
        some = names[start : start + _COLUMNS_AT_ONCE]
        part = collect(path, frame.select(number_column(path, schema, name) for name in some), some)
        for offset, column in enumerate(part):
            if column.null_count():
                row = column.is_null().arg_true()[0]
                raise ScoresError(
                    f"has no number in the column {shown(column.name, LONGEST_NAME)}",
                    path=path,
                    row=row + 1,
                    remedy="Write a score for every note and code, and leave out other columns",
                )
            values[:, start + offset] = column.to_numpy()
    return values


def _gold(path: Path, frame: pl.LazyFrame, schema: pl.Schema, name: str) -> tuple[frozenset[str], ...]:
    if schema[name] != pl.List(pl.String):
        raise ScoresError(
            f"has gold codes of type {schema[name]} in the column {name!r}, expected lists of text",
            path=path,
            remedy="Leave the column out",
        )
    lists = collect(path, frame.select(name), [name])[name].to_list()
    return tuple(frozenset(codes or ()) for codes in lists)
