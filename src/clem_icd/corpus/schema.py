"""The tables of a Corpus, column by column; `docs/reference/formats.md` describes them in prose."""

from __future__ import annotations

import pyarrow as pa

FORMAT = "clem-icd/corpus"
FORMAT_VERSION = 1

SPLITS = ("train", "validation", "test")

CODE = pa.struct(
    [pa.field("code", pa.string(), nullable=False), pa.field("system", pa.string(), nullable=False)]
)

EVIDENCE = pa.struct(
    [
        pa.field("code", pa.string(), nullable=False),
        pa.field("system", pa.string(), nullable=False),
        pa.field("begin", pa.int32(), nullable=False),
        pa.field("end", pa.int32(), nullable=False),
    ]
)

NOTES = pa.schema(
    [
        pa.field("note_id", pa.string(), nullable=False),
        pa.field("subject_id", pa.string()),
        pa.field("admission_id", pa.string()),
        pa.field("text", pa.string(), nullable=False),
        pa.field("codes", pa.list_(CODE), nullable=False),
        pa.field("evidence", pa.list_(EVIDENCE), nullable=False),
    ]
)

LABELS = pa.schema(
    [
        pa.field("code", pa.string(), nullable=False),
        pa.field("system", pa.string(), nullable=False),
        pa.field("title", pa.string()),
        *(pa.field(split, pa.int64(), nullable=False) for split in SPLITS),
    ]
)


def notes_file(split: str) -> str:
    """Return the path of a split's notes, relative to the corpus folder."""
    return f"notes/{split}.parquet"
