"""Wide tables: a record a note, a column a code. So Edin et al. (2023, 2024) write their predictions.

Their ``predictions_<split>.feather`` has the admission as ``_id``, the gold codes as ``target``, and under
each code what their trainers call logits: probabilities, after the sigmoid.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from clem_icd.errors import ScoresError
from clem_icd.icd.systems import shown
from clem_icd.scores.imports.foreign import Dense, FloatArray, ForeignCode, ForeignScores
from clem_icd.scores.imports.tables import (
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

# Of a table with thousands of columns, so many are in memory twice.
_COLUMNS_AT_ONCE = 512


def read_wide(path: Path, note_column: str, gold_column: str | None = None) -> ForeignScores:
    """Read a wide table.

    Parameters
    ----------
    note_column
        The column with the ids.
    gold_column
        A column with lists of the gold codes, which is no code.

    Raises
    ------
    InputError
        If a column is missing or of the wrong type, a record lacks its note or a score, or a note has two.

    """
    frame = scan_table(path)
    schema = schema_of(path, frame)
    require_columns(path, schema, [name for name in (note_column, gold_column) if name])
    notes = _notes(path, frame.select(note=id_column(path, schema, note_column)), note_column)
    names = [name for name in schema if name not in (note_column, gold_column)]
    codes = tuple(ForeignCode(name.strip()) for name in names)
    return ForeignScores(
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
            found = "has a note of an earlier row" if note else "has no id of a note"
            raise ScoresError(found, path=path, row=row, remedy="Write a row for every note, with its id")
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
                    remedy="Write a score for every note and code, and leave out columns of other things",
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
