"""Evidence in the raw notes, from a parquet file, looked up by note."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from clem_icd.corpus import Evidence
from clem_icd.errors import SourceError
from clem_icd.icd import Code, CodeSystem
from clem_icd.tabular.sentences import counted
from clem_icd.tabular.spans import read_spans

_REMEDY = "Give it the columns note_id, code, system (text), begin and end (integers)"


class RawEvidence:
    """The spans in a parquet file with the columns ``note_id, code, system, begin, end``.

    They stay in columns: as Python objects, a hospital's spans would fill the memory.

    Raises
    ------
    SourceError
        If the file is missing or malformed.

    """

    def __init__(self, path: Path) -> None:
        self._path = path
        spans = read_spans(path, SourceError, _REMEDY).with_row_index("row", offset=1)
        self._spans = spans.sort("note_id", maintain_order=True)
        runs = self._spans["note_id"].rle().struct
        lengths = runs.field("len").cast(pl.Int64)
        starts = lengths.cum_sum() - lengths
        self._place = dict(zip(runs.field("value"), zip(starts, lengths, strict=True), strict=True))
        self._used = 0

    def of(self, note_id: str, text: str, codes: tuple[Code, ...]) -> tuple[Evidence, ...]:
        """Return the evidence in a note for its codes, in file order.

        Raises
        ------
        SourceError
            If a span is outside the text.

        """
        known = set(codes)
        spans = [span for span in self._spans_in(note_id, text) if span.code in known]
        self._used += len(spans)
        return tuple(dict.fromkeys(spans))

    def notices(self) -> list[str]:
        """Return a sentence with the number of spans that no note used; nothing if all were used."""
        unused = self._spans.height - self._used
        if not unused:
            return []
        words = (
            "span of evidence was left out: its note or its code is not in this corpus",
            "spans of evidence were left out: their notes or their codes are not in this corpus",
        )
        return [counted(unused, *words)]

    def _spans_in(self, note_id: str, text: str) -> Iterator[Evidence]:
        start, length = self._place.get(note_id, (0, 0))
        for row, _, code, system, begin, end in self._spans.slice(start, length).iter_rows():
            if end > len(text):
                raise SourceError(
                    f"has a span at {begin}:{end} in a note of {len(text)} characters",
                    path=self._path,
                    row=row,
                    remedy="Offsets are half-open, in characters of the raw text",
                )
            yield Evidence(Code(code, CodeSystem(system)), begin, end)
