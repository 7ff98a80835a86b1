"""From documents to the notes of a corpus: their texts are joined, and the evidence moves along."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from clem_icd.corpus.schema import EVIDENCE, NOTES
from clem_icd.icd import Code, CodeSystem
from clem_icd.sources.raw_evidence import RawEvidence
from clem_icd.sources.text_store import TextStore

_GROUP_BYTES = 16_000_000
_SEPARATOR = b" "

# Makes the text of a document from those of its notes, all in UTF-8.
Compose = Callable[[Sequence[bytes]], bytes]


def joined(texts: Sequence[bytes]) -> bytes:
    """Join the raw texts of a document's notes with single blanks."""
    return _SEPARATOR.join(texts)


def document_tables(
    documents: pl.DataFrame,
    texts: TextStore,
    compose: Compose = joined,
    evidence: RawEvidence | None = None,
) -> Iterator[pa.Table]:
    """Yield documents as tables with the schema of a corpus's notes, in order.

    Documents with a blank text are left out.

    Parameters
    ----------
    documents
        With the columns ``note_id``, ``subject``, ``admission``, ``codes`` (a list of code and system),
        ``numbers`` (of its notes in ``texts``) and ``note_ids`` (of the same notes).
    texts
        The raw texts of all notes.
    compose
        Makes the text of a document.
    evidence
        Spans in the raw notes. Requires `joined`, which keeps the texts of the notes as they are.

    """
    texts_of_group: list[bytes] = []
    kept: list[int] = []
    size = 0
    for row, numbers in enumerate(documents["numbers"].to_list()):
        text = compose([texts.read(number) for number in numbers])
        if text and not text.isspace():
            kept.append(row)
            texts_of_group.append(text)
            size += len(text)
        if size >= _GROUP_BYTES:
            yield _table(documents[kept], texts_of_group, texts, evidence)
            texts_of_group, kept, size = [], [], 0
    if kept:
        yield _table(documents[kept], texts_of_group, texts, evidence)


def recording_admissions(tables: Iterable[pa.Table], admissions: set[str]) -> Iterator[pa.Table]:
    """Yield tables of notes unchanged, adding their admissions to a set."""
    for table in tables:
        admissions.update(table["admission_id"].to_pylist())
        yield table


def _table(
    documents: pl.DataFrame, texts: list[bytes], raw: TextStore, evidence: RawEvidence | None
) -> pa.Table:
    spans: list[list[dict[str, Any]]] = [[]] * len(texts)
    if evidence:
        spans = [_spans(row, raw, evidence) for row in documents.iter_rows(named=True)]
    columns = [
        documents["note_id"],
        documents["subject"],
        documents["admission"].cast(pl.String),
        _strings(texts),
        documents["codes"].cast(pl.List(pl.Struct({"code": pl.String, "system": pl.String}))),
        pa.array(spans, pa.list_(EVIDENCE)),
    ]
    arrays = [column.to_arrow() if isinstance(column, pl.Series) else column for column in columns]
    return pa.table([array.cast(field.type) for array, field in zip(arrays, NOTES, strict=True)], NOTES)


def _strings(texts: Sequence[bytes]) -> pa.StringArray:
    """Return texts, which are valid UTF-8, as an array."""
    ends = np.fromiter(accumulate(map(len, texts), initial=0), np.int32, len(texts) + 1)
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(b"".join(texts)))


def _spans(row: dict[str, Any], raw: TextStore, evidence: RawEvidence) -> list[dict[str, Any]]:
    codes = tuple(Code(code["code"], CodeSystem(code["system"])) for code in row["codes"])
    spans: list[dict[str, Any]] = []
    start = 0
    for number, note_id in zip(row["numbers"], row["note_ids"], strict=True):
        text = raw.read(number).decode()
        spans.extend(
            {
                "code": span.code.value,
                "system": span.code.system.value,
                "begin": start + span.begin,
                "end": start + span.end,
            }
            for span in evidence.of(note_id, text, codes)
        )
        start += len(text) + len(_SEPARATOR)
    return spans
