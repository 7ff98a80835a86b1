"""Long tables: a record a note and code, with a score or without."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from clem_icd.errors import ScoresError
from clem_icd.scores.imports.foreign import ForeignCode, ForeignScores, Sparse, systems_of
from clem_icd.scores.imports.tables import (
    code_column,
    collect,
    id_column,
    number_column,
    require_columns,
    scan_table,
    schema_of,
)


@dataclass(frozen=True, slots=True)
class LongColumns:
    """Which column of a long table holds what; ``score`` and ``system`` need not be there."""

    note: str = "note_id"
    code: str = "code"
    score: str = "score"
    system: str = "system"


def read_long(path: Path, columns: LongColumns) -> ForeignScores:
    """Read a long table; without a column of scores, every code that is listed scores 1.

    A record with a note alone says that the system gave this note no code.

    Raises
    ------
    InputError
        If a column is missing or of the wrong type, there are further columns and none of scores, or a
        record lacks its note, its code or its score.

    """
    rows = _rows(path, columns)
    _refuse(path, rows, pl.col("note").is_null(), "has no id of a note", "Fill it in")
    bare = pl.col("code").is_null() & ~pl.col("scored")
    _refuse(path, rows, pl.col("code").is_null() & ~bare, "has a score and no code", "Fill the code in")
    wrong = pl.col("code").is_not_null() & pl.col("score").is_null()
    _refuse(path, rows, wrong, "has no number as its score", "Write scores like 0.25")
    notes, rows = _numbered(rows, ["note"])
    codes, entries = _numbered(rows.filter(~bare), ["code", "system"])
    systems = systems_of(codes["system"].unique().to_list())
    return ForeignScores(
        notes=tuple(notes["note"].to_list()),
        codes=tuple(ForeignCode(text, systems[system]) for text, system in codes.iter_rows()),
        values=Sparse(
            notes=entries["note_number"].to_numpy().astype(np.int64),
            codes=entries["code_number"].to_numpy().astype(np.int64),
            values=entries["score"].to_numpy().astype(np.float32),
            records=entries["record"].to_numpy().astype(np.int64),
        ),
    )


def _rows(path: Path, columns: LongColumns) -> pl.DataFrame:
    """Return ``record``, ``note``, ``code``, ``system``, ``score``, and whether anything is ``scored``."""
    frame = scan_table(path)
    schema = schema_of(path, frame)
    require_columns(path, schema, [columns.note, columns.code])
    optional = [name for name in (columns.score, columns.system) if name in schema]
    used = [columns.note, columns.code, *optional]
    scored = columns.score in schema
    if not scored:
        _refuse_scores_by_another_name(path, schema, columns)
    wanted = frame.select(
        note=_filled(id_column(path, schema, columns.note)),
        code=_filled(code_column(path, schema, columns.code)),
        system=_filled(code_column(path, schema, columns.system))
        if columns.system in schema
        else pl.lit(None, pl.String),
        score=number_column(path, schema, columns.score) if scored else pl.lit(1, pl.Float32),
        scored=pl.col(columns.score).is_not_null() if scored else pl.lit(False),
    )
    return collect(path, wanted.with_row_index("record", offset=1), used)


def _refuse_scores_by_another_name(path: Path, schema: pl.Schema, columns: LongColumns) -> None:
    """Refuse a table without the column of scores that has something else to tell its records apart by.

    Taken for a list of codes, it would give every code of it to the note.
    """
    others = [name for name in schema if name not in (columns.note, columns.code, columns.system)]
    if others or columns.score != LongColumns().score:
        require_columns(
            path,
            schema,
            [columns.score],
            "Name it with --score-column; a list of codes alone has no further columns",
        )


def _filled(column: pl.Expr) -> pl.Expr:
    return pl.when(column != "").then(column)


def _numbered(rows: pl.DataFrame, key: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the distinct keys, and the rows with the number of theirs."""
    name = f"{key[0]}_number"
    distinct = rows.select(key).unique(maintain_order=True)
    numbers = distinct.with_row_index(name)
    return distinct, rows.join(numbers, on=key, nulls_equal=True, maintain_order="left")


def _refuse(path: Path, rows: pl.DataFrame, wrong: pl.Expr, found: str, remedy: str) -> None:
    records = rows.filter(wrong)["record"]
    if len(records):
        raise ScoresError(found, path=path, row=records[0], remedy=remedy)
