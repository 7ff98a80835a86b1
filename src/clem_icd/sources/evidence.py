"""Evidence from a parquet file, looked up by note."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import polars as pl

from clem_icd.corpus import Evidence
from clem_icd.errors import CodeError, SourceError
from clem_icd.icd import Code, CodeSystem
from clem_icd.tabular.refusals import missing_column
from clem_icd.tabular.sentences import counted

_TEXTS = ("note_id", "code", "system")
_OFFSETS = ("begin", "end")


class EvidenceFile:
    """The spans of a parquet file with the columns ``note_id, code, system, begin, end``.

    They stay in columns: a hospital's worth of spans is a lot of Python objects.

    Raises
    ------
    SourceError
        If the file is missing or malformed, or a value is null.

    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._spans = _read(path).sort("note_id", maintain_order=True)
        runs = self._spans["note_id"].rle().struct
        lengths = runs.field("len").cast(pl.Int64)
        starts = lengths.cum_sum() - lengths
        self._place = dict(zip(runs.field("value"), zip(starts, lengths, strict=True), strict=True))
        self._used = 0

    def of(self, note_id: str, text: str, codes: tuple[Code, ...]) -> tuple[Evidence, ...]:
        """Return the evidence in a note for the codes that it has, in file order.

        Raises
        ------
        SourceError
            If a span lies outside the text, or names no code system.

        """
        known = set(codes)
        spans = [span for span in self._spans_in(note_id, text) if span.code in known]
        self._used += len(spans)
        return tuple(dict.fromkeys(spans))

    def notices(self) -> list[str]:
        """Say how many spans no note took, in a sentence with their count."""
        unused = self._spans.height - self._used
        if not unused:
            return []
        words = (
            "span of evidence is for a note or a code that is not here, and was",
            "spans of evidence are for notes or codes that are not here, and were",
        )
        return [counted(unused, *words) + " left out"]

    def _spans_in(self, note_id: str, text: str) -> Iterator[Evidence]:
        start, length = self._place.get(note_id, (0, 0))
        for row, _, code, system, begin, end in self._spans.slice(start, length).iter_rows():
            if not 0 <= begin < end <= len(text):
                raise SourceError(
                    f"has a span at {begin}:{end}, in a note of {len(text)} characters",
                    path=self._path,
                    row=row,
                    remedy="Offsets are half-open, in characters of the raw text",
                )
            try:
                yield Evidence(_code(code, system), begin, end)
            except CodeError as problem:
                raise SourceError(problem.found, path=self._path, row=row, remedy=problem.remedy) from None


@cache
def _code(code: str, system: str) -> Code:
    # A few thousand codes stand in millions of spans.
    return Code.normalized(code, CodeSystem.parse(system))


def _read(path: Path) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(path)
    except FileNotFoundError:
        raise SourceError("there is no such file", path=path, remedy="Check the name") from None
    except (pl.exceptions.PolarsError, OSError):
        raise SourceError("is not readable as parquet", path=path, remedy="Write it again") from None
    for column in (*_TEXTS, *_OFFSETS):
        if column not in frame.columns:
            raise missing_column(path, column, frame.columns)
        found = frame.schema[column]
        if not (found.is_integer() if column in _OFFSETS else found == pl.String):
            raise SourceError(
                f"has the column {column!r} as {found.base_type()}",
                path=path,
                remedy="Offsets are integers, the rest is text",
            )
    spans = frame.select(*_TEXTS, *_OFFSETS).with_row_index("row", offset=1)
    incomplete = spans.filter(pl.any_horizontal(pl.all().is_null())).head(1)
    for row in incomplete["row"]:
        raise SourceError("has an empty value", path=path, row=row, remedy="Fill it in, or leave the row out")
    return spans
