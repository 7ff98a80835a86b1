"""Long tables: one row per note and code; the score is optional."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from clem_icd.errors import ScoresError
from clem_icd.icd import CodeSystem
from clem_icd.scores.imports.external import ExternalCode, ExternalScores, Sparse
from clem_icd.scores.imports.spelling import plain_code, systems_named
from clem_icd.scores.imports.table_files import (
    Table,
    code_column,
    id_column,
    number_column,
    require_columns,
)

_NUMBER = "Write scores such as 0.25: a decimal point, no % and no text around the number"


@dataclass(frozen=True, slots=True)
class LongColumns:
    """Names of the columns of a long table; ``score`` and ``system`` are optional."""

    note: str = "note_id"
    code: str = "code"
    score: str = "score"
    system: str = "system"


def read_long(
    path: Path, columns: LongColumns, systems: Collection[CodeSystem] = (), *, encoding: str = "utf-8"
) -> ExternalScores:
    """Read a long table; without a score column, every listed code scores 1.

    A row with only a note means that the system assigned it no code.

    Parameters
    ----------
    systems
        Those of the corpus.
    encoding
        The encoding of a text file.

    Raises
    ------
    InputError
        If a column is missing or has the wrong type, the score column is missing but further columns exist,
        or a row lacks its note, code or score.

    """
    rows = _with_plain_codes(_rows(Table(path, [columns.note, columns.code], encoding), columns), systems)
    _refuse(path, rows, pl.col("note").is_null(), "has no note id", "Fill in the id")
    bare = pl.col("code").is_null() & ~pl.col("scored")
    _refuse(path, rows, pl.col("code").is_null() & ~bare, "has a score but no code", "Fill in the code")
    wrong = pl.col("code").is_not_null() & pl.col("score").is_null()
    _refuse(path, rows, wrong, "has a score that is not a number", _NUMBER)
    notes, rows = _numbered(rows, ["note"])
    codes, entries = _numbered(rows.filter(~bare), ["code", "system"])
    named = systems_named(codes["system"].unique().to_list(), systems)
    return ExternalScores(
        notes=tuple(notes["note"].to_list()),
        codes=tuple(ExternalCode(text, named[system]) for text, system in codes.iter_rows()),
        values=Sparse(
            notes=entries["note_number"].to_numpy().astype(np.int64),
            codes=entries["code_number"].to_numpy().astype(np.int64),
            values=entries["score"].to_numpy().astype(np.float32),
            records=entries["record"].to_numpy().astype(np.int64),
        ),
    )


def _rows(table: Table, columns: LongColumns) -> pl.DataFrame:
    """Return the columns ``record``, ``note``, ``code``, ``system``, ``score``, ``scored`` (has a score)."""
    schema = table.schema
    columns = LongColumns(*map(table.name, (columns.note, columns.code, columns.score, columns.system)))
    require_columns(table, [columns.note, columns.code])
    optional = [name for name in (columns.score, columns.system) if name in schema]
    used = [columns.note, columns.code, *optional]
    scored = columns.score in schema
    if not scored:
        _refuse_unnamed_scores(table, columns)
    rows = table.select(
        used,
        note=_filled(id_column(table, columns.note)),
        code=_filled(code_column(table, columns.code)),
        system=_filled(code_column(table, columns.system))
        if columns.system in schema
        else pl.lit(None, pl.String),
        score=number_column(table, columns.score) if scored else pl.lit(1, pl.Float32),
        scored=pl.col(columns.score).is_not_null() if scored else pl.lit(False),
    )
    return rows.with_row_index("record", offset=1)


def _with_plain_codes(rows: pl.DataFrame, systems: Collection[CodeSystem]) -> pl.DataFrame:
    written = rows["code"].drop_nulls().unique().to_list()
    return rows.with_columns(
        pl.col("code").replace(written, [plain_code(text, systems) or None for text in written])
    )


def _refuse_unnamed_scores(table: Table, columns: LongColumns) -> None:
    """Refuse a table without the score column if it may hold scores under another name.

    Read as a list of codes, every code in it would score 1.
    """
    others = [name for name in table.schema if name not in (columns.note, columns.code, columns.system)]
    if others or columns.score != LongColumns().score:
        require_columns(
            table,
            [columns.score],
            "Name the column with --score-column; a plain list of codes has no further columns",
        )


def _filled(column: pl.Expr) -> pl.Expr:
    return pl.when(column != "").then(column)


def _numbered(rows: pl.DataFrame, key: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the distinct keys, and the rows with the number of their key."""
    name = f"{key[0]}_number"
    distinct = rows.select(key).unique(maintain_order=True)
    numbers = distinct.with_row_index(name)
    return distinct, rows.join(numbers, on=key, nulls_equal=True, maintain_order="left")


def _refuse(path: Path, rows: pl.DataFrame, wrong: pl.Expr, found: str, remedy: str) -> None:
    records = rows.filter(wrong)["record"]
    if len(records):
        raise ScoresError(found, path=path, row=records[0], remedy=remedy)
