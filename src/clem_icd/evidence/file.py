"""Evidence files: predicted spans, from this package or any other system."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from pathlib import Path

import polars as pl

from clem_icd.corpus import Evidence
from clem_icd.errors import ClemError, CodeError, ScoresError
from clem_icd.icd import Code, CodeSystem

__all__ = ["read_evidence"]

_TEXTS = ("note_id", "code", "system")
_OFFSETS = ("begin", "end")
_REMEDY = "See docs/formats.md for the columns of an evidence file"


def read_evidence(path: Path) -> dict[str, list[Evidence]]:
    """Read an evidence file, and return the spans of each note in file order.

    Codes may be written with or without their dot. Columns other than ``note_id``, ``code``, ``system``,
    ``begin`` and ``end`` are ignored.

    Raises
    ------
    ScoresError
        If the file is missing or malformed, a value is null, a span is empty or has a negative offset, or a
        code system is unknown.

    """
    spans = _read_spans(path, ScoresError, _REMEDY)
    by_note: dict[str, list[Evidence]] = defaultdict(list)
    for row, (note_id, code, system, begin, end) in enumerate(spans.iter_rows(), start=1):
        if not 0 <= begin < end:
            raise ScoresError(
                f"the span is {begin}:{end}, expected 0 <= begin < end", path=path, row=row, remedy=_REMEDY
            )
        try:
            by_note[note_id].append(Evidence(_code(code, system), begin, end))
        except CodeError as problem:
            raise ScoresError(problem.found, path=path, row=row, remedy=problem.remedy) from None
    return dict(by_note)


@cache
def _code(code: str, system: str) -> Code:
    # Millions of spans share a few thousand codes.
    return Code.normalized(code, CodeSystem.parse(system))


def _read_spans(path: Path, error: type[ClemError], remedy: str) -> pl.DataFrame:
    """Read the columns ``note_id``, ``code``, ``system``, ``begin`` and ``end`` of a parquet file."""
    if not path.is_file():
        raise error("no such file", path=path, remedy="Check the name")
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError):
        raise error("not readable as parquet", path=path, remedy="Write the file again") from None
    for column in (*_TEXTS, *_OFFSETS):
        if column not in frame.columns:
            raise error(f"the column {column!r} is missing", path=path, remedy=remedy)
        found = frame.schema[column]
        if not (found.is_integer() if column in _OFFSETS else found == pl.String):
            expected = "integers" if column in _OFFSETS else "text"
            raise error(
                f"the column {column!r} has type {found}, expected {expected}", path=path, remedy=remedy
            )
    spans = frame.select(*_TEXTS, *_OFFSETS)
    missing = spans.with_row_index("row", offset=1).filter(pl.any_horizontal(pl.all().is_null()))
    if missing.height:
        raise error("a value is empty", path=path, row=int(missing["row"][0]), remedy=remedy)
    return spans
