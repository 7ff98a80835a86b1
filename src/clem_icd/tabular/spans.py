"""Reading spans of evidence: a parquet table of ``note_id, code, system, begin, end``."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from clem_icd.errors import ClemError, CodeError
from clem_icd.icd import Code, CodeSystem

_OFFSETS = ("begin", "end")
_COLUMNS = ("note_id", "code", "system", *_OFFSETS)


def read_spans(path: Path, error: type[ClemError], remedy: str) -> pl.DataFrame:
    """Read spans of evidence in file order.

    Parameters
    ----------
    path
        A parquet file with one row per span. Columns other than the five are ignored.
    error
        The class of the errors raised.
    remedy
        What to do about a malformed file.

    Returns
    -------
    pl.DataFrame
        ``note_id``, ``code`` (dotted and upper-case), ``system`` (as `CodeSystem` names it), ``begin`` and
        ``end``: half-open, in characters. Nothing is null; 0 ≤ begin < end.

    Raises
    ------
    ClemError
        If the file or a column is missing, a column has another type, or a row has an empty value, a span
        that is empty or negative, or an unknown code system. It names the first such row, counted from 1.

    """
    spans = _columns(path, error, remedy)
    for row in _first(spans, pl.any_horizontal(pl.all().is_null())):
        raise error("has an empty value", path=path, row=row, remedy=remedy)
    for row in _first(spans, ~((pl.col("begin") >= 0) & (pl.col("begin") < pl.col("end")))):
        begin, end = spans.select(_OFFSETS).row(row - 1)
        raise error(
            f"has a span at {begin}:{end}, expected begin < end, counted from 0",
            path=path,
            row=row,
            remedy=remedy,
        )
    return _with_normal_codes(spans, path, error)


def _columns(path: Path, error: type[ClemError], remedy: str) -> pl.DataFrame:
    if not path.is_file():
        raise error("there is no such file", path=path, remedy="Check the name")
    # Not with polars: its parquet reader panics on some damaged files.
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            for column in _COLUMNS:
                if column not in names:
                    found = f"has no column {column!r}; it has {', '.join(names)}"
                    raise error(found, path=path, remedy=remedy)
            spans = cast("pl.DataFrame", pl.from_arrow(file.read(columns=list(_COLUMNS))))
    except (pa.ArrowException, OSError):
        raise error("is not readable as parquet", path=path, remedy="Write it again") from None
    for column, kind in spans.schema.items():
        is_offset = column in _OFFSETS
        if not (kind.is_integer() if is_offset else kind == pl.String):
            raise error(
                f"has the column {column!r} as {kind.base_type()}, "
                f"expected {'an integer' if is_offset else 'text'}",
                path=path,
                remedy=remedy,
            )
    return spans


def _with_normal_codes(spans: pl.DataFrame, path: Path, error: type[ClemError]) -> pl.DataFrame:
    # A few thousand codes occur in millions of spans.
    distinct = spans.select("code", "system").unique(maintain_order=True)
    normal: list[tuple[str, str]] = []
    for code, system in distinct.iter_rows():
        try:
            read = Code.normalized(code, CodeSystem.parse(system))
        except CodeError as problem:
            [row] = _first(spans, (pl.col("code") == code) & (pl.col("system") == system))
            raise error(problem.found, path=path, row=row, remedy=problem.remedy) from None
        normal.append((read.value, read.system.value))
    values, systems = zip(*normal, strict=True) if normal else ((), ())
    names = distinct.with_columns(
        value=pl.Series(values, dtype=pl.String), name=pl.Series(systems, dtype=pl.String)
    )
    joined = spans.join(names, on=["code", "system"], maintain_order="left")
    return joined.select("note_id", pl.col("value").alias("code"), pl.col("name").alias("system"), *_OFFSETS)


def _first(spans: pl.DataFrame, condition: pl.Expr) -> list[int]:
    """Return the number of the first row that meets a condition, from 1; nothing if none does."""
    met = spans.select(condition).to_series().arg_true()
    return [int(met[0]) + 1] if len(met) else []
