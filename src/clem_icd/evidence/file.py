"""Evidence files: the spans that a system gives, from us or anyone."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from pathlib import Path

import polars as pl

from clem_icd.corpus import Evidence
from clem_icd.errors import CodeError, ScoresError
from clem_icd.icd import Code, CodeSystem

__all__ = ["read_evidence"]

_TEXTS = ("note_id", "code", "system")
_OFFSETS = ("begin", "end")
_REMEDY = "See docs/reference/formats.md for the columns of evidence"


def read_evidence(path: Path) -> dict[str, list[Evidence]]:
    """Read the evidence of a parquet file: for every note its spans, in file order.

    Codes may be written with or without their dot. Columns other than ``note_id``, ``code``, ``system``,
    ``begin`` and ``end`` are left alone.

    Raises
    ------
    ScoresError
        If the file is missing or malformed, a value is null, a span ends before it begins, or a system is
        none.

    """
    by_note: dict[str, list[Evidence]] = defaultdict(list)
    for row, (note_id, code, system, begin, end) in enumerate(_read(path).iter_rows(), start=1):
        if not 0 <= begin < end:
            raise ScoresError(f"has a span at {begin}:{end}", path=path, row=row, remedy=_REMEDY)
        try:
            by_note[note_id].append(Evidence(_code(code, system), begin, end))
        except CodeError as problem:
            raise ScoresError(problem.found, path=path, row=row, remedy=problem.remedy) from None
    return dict(by_note)


@cache
def _code(code: str, system: str) -> Code:
    # A few thousand codes stand in millions of spans.
    return Code.normalized(code, CodeSystem.parse(system))


def _read(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise ScoresError("there is no such file", path=path, remedy="Check the name")
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError):
        raise ScoresError("is not readable as parquet", path=path, remedy="Write it again") from None
    for column in (*_TEXTS, *_OFFSETS):
        if column not in frame.columns:
            raise ScoresError(f"has no column {column!r}", path=path, remedy=_REMEDY)
        found = frame.schema[column]
        if not (found.is_integer() if column in _OFFSETS else found == pl.String):
            raise ScoresError(f"has the column {column!r} as {found}", path=path, remedy=_REMEDY)
    spans = frame.select(*_TEXTS, *_OFFSETS)
    missing = spans.with_row_index("row", offset=1).filter(pl.any_horizontal(pl.all().is_null()))
    if missing.height:
        raise ScoresError("has an empty value", path=path, row=int(missing["row"][0]), remedy=_REMEDY)
    return spans
