"""The ranked variant of the scores file: reading with every check, and writing in bounded memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from clem_icd.errors import ScoresError
from clem_icd.files import new_file
from clem_icd.icd import Code, CodeSystem
from clem_icd.scores.file import Row
from clem_icd.scores.table import (
    AGAIN,
    FORMAT,
    FORMAT_VERSION,
    KEY,
    RANKED,
    checked_header,
    groups_of,
    is_ranked,
    read_table,
    unique_note_ids,
)

TOP = 1000
"""Codes listed per note unless another number is asked for: no metric looks further down a list."""

_GROUP_ENTRIES = 2_000_000
"""Listed codes per row group."""

_ENTRY = pa.struct(
    [
        pa.field("code", pa.string(), nullable=False),
        pa.field("system", pa.string(), nullable=False),
        pa.field("score", pa.float32(), nullable=False),
    ]
)
_NAMES = ["code", "system", "score"]

Columns = npt.NDArray[np.int64]
Values = npt.NDArray[np.float32]


@dataclass(frozen=True)
class RankedSpace:
    """The label space of ranked scores: a code system, of which the best codes of each note are listed.

    Attributes
    ----------
    name
        The code system, such as ``icd10cm``.
    size
        The number of codes that the system ranks.
    top
        The most codes that are listed for a note.

    """

    name: str
    size: int
    top: int

    def __str__(self) -> str:
        return f"{self.size:,} codes of {self.name} (ranked: the {self.top:,} best per note)"


def write_ranked(
    path: Path,
    labels: Sequence[Code],
    rows: Iterable[Row],
    about: dict[str, Any],
    *,
    name: str,
    top: int = TOP,
    force: bool = False,
) -> None:
    """Write the highest scores of every note, holding a bounded number of notes in memory.

    Only scores above 0 are listed, from the highest down; equal scores are in the order of the codes.

    Parameters
    ----------
    labels
        The label space, in the order of the scores [labels].
    rows
        The id of each note with its scores [labels].
    about
        Provenance of the scores, stored in the header.
    name
        The name of the label space, such as ``icd10cm``.
    top
        The most codes to list for a note.

    Raises
    ------
    ScoresError
        If ``top`` is less than 1, a label occurs twice, or a score is not a finite number.
    OutputError
        If ``path`` is occupied and ``force`` is false, or the disk is full.

    """
    if top < 1:
        raise ScoresError(f"cannot list the {top} best codes of a note", remedy="Request at least one")
    if len(set(labels)) < len(labels):
        raise ScoresError("a label occurs twice in the label space", path=path, remedy="List every code once")
    header = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "variant": RANKED,
        "label_space": {"name": name, "size": len(labels)},
        "top": top,
        "about": about,
    }
    schema = pa.schema(
        [
            pa.field("note_id", pa.string(), nullable=False),
            pa.field("codes", pa.list_(pa.field("element", _ENTRY, nullable=False)), nullable=False),
        ],
        metadata={KEY: json.dumps(header)},
    )
    codes = pa.array([label.value for label in labels], pa.string())
    systems = pa.array([label.system.value for label in labels], pa.string())
    by_code = np.empty(len(labels), dtype=np.int64)
    by_code[sorted(range(len(labels)), key=labels.__getitem__)] = np.arange(len(labels))
    lists = ((note_id, *_best(values, by_code, top)) for note_id, values in rows)
    with (
        new_file(path, force=force) as temporary,
        # Our reader verifies these checksums, which detect a flipped bit; other readers may ignore them.
        pq.ParquetWriter(temporary, schema, write_page_checksum=True) as file,
    ):
        for group in groups_of(lists, notes_per_group(top, len(labels))):
            ids = pa.array([note_id for note_id, _, _ in group], pa.string())
            begins = np.cumsum([0, *(len(columns) for _, columns, _ in group)])
            flat = pa.array(np.concatenate([columns for _, columns, _ in group]))
            scores = pa.array(np.concatenate([values for _, _, values in group]), pa.float32())
            entries = pa.StructArray.from_arrays(
                [codes.take(flat), systems.take(flat), scores], fields=list(_ENTRY)
            )
            listed = pa.ListArray.from_arrays(pa.array(begins, pa.int32()), entries, type=schema.types[1])
            file.write_table(pa.Table.from_arrays([ids, listed], schema=schema))


def notes_per_group(top: int, labels: int) -> int:
    """Return the notes of a row group for a number of labels, of which the ``top`` best are listed."""
    return max(1, _GROUP_ENTRIES // min(top, max(1, labels)))


def _best(values: Values, by_code: Columns, top: int) -> tuple[Columns, Values]:
    """Return the labels with the highest scores above 0, and these scores [at most top]."""
    if not np.isfinite(values).all():
        raise ScoresError("a score is not a finite number", remedy=AGAIN)
    above = np.flatnonzero(values > 0)
    best = above[np.lexsort((by_code[above], -values[above]))[:top]]
    return best, values[best]


def read_ranked(path: Path) -> dict[str, Any]:
    """Return the fields of `RankedScores` from a file.

    Raises
    ------
    ScoresError
        If the file is missing, malformed, of another version or not of this variant.

    """
    table, header = read_table(path, "codes")
    if not is_ranked(path):
        raise ScoresError(f"is not of the variant {RANKED!r}", path=path, remedy=AGAIN)
    with checked_header(header, path):
        space = _space(header)
        about = dict(header["about"])
    entries, begins = _entries(table, path)
    labels, columns = _labels(entries, path)
    values = entries.field("score").to_numpy(zero_copy_only=False)
    _check_entries(columns, values, begins, space, path)
    if len(labels) > space.size:
        raise ScoresError(
            f"lists {len(labels):,} codes of a label space of {space.size:,}", path=path, remedy=AGAIN
        )
    return {
        "note_ids": unique_note_ids(table, path),
        "labels": labels,
        "begins": begins,
        "columns": columns,
        "values": values,
        "space": space,
        "about": about,
    }


def _space(header: Any) -> RankedSpace:
    name, size, top = header["label_space"]["name"], header["label_space"]["size"], header["top"]
    if not isinstance(name, str) or type(size) is not int or type(top) is not int or min(size, top) < 1:
        raise ValueError("expected a name and two numbers")
    return RankedSpace(name, size, top)


def _entries(table: pa.Table, path: Path) -> tuple[pa.StructArray, Columns]:
    """Return all listed codes with their scores, and where those of each note begin [notes + 1]."""
    kind = table.schema.types[1]
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if not is_list or not pa.types.is_struct(kind.value_type) or not _is_entry(kind.value_type):
        raise ScoresError(
            f"has codes of type {kind}, expected list<struct<code: string, system: string, score: float>>",
            path=path,
            remedy=AGAIN,
        )
    lists = table["codes"].combine_chunks()
    if isinstance(lists, pa.ChunkedArray):
        lists = pa.concat_arrays(lists.chunks) if lists.num_chunks else pa.array([], kind)
    entries = lists.flatten()
    parts = (table["note_id"], lists, entries, *(entries.field(name) for name in _NAMES))
    if any(part.null_count for part in parts):
        raise ScoresError("has a missing note id, code or score", path=path, remedy=AGAIN)
    lengths = lists.value_lengths().to_numpy(zero_copy_only=False)
    return entries, np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def _is_entry(kind: pa.StructType) -> bool:
    found = {field.name: field.type for field in kind}
    texts = (pa.string(), pa.large_string())
    return (
        list(found) == _NAMES
        and found["code"] in texts
        and found["system"] in texts
        and found["score"] == pa.float32()
    )


def _labels(entries: pa.StructArray, path: Path) -> tuple[tuple[Code, ...], Columns]:
    """Return the listed codes by code [listed labels], and the place of each entry in them [entries]."""
    codes, systems = (entries.field(name).dictionary_encode() for name in ("code", "system"))
    pairs = codes.indices.to_numpy().astype(np.int64) * max(1, len(systems.dictionary))
    pairs += systems.indices.to_numpy()
    distinct, place = np.unique(pairs, return_inverse=True)
    values, names = codes.dictionary.to_pylist(), systems.dictionary.to_pylist()
    try:
        known = [CodeSystem(name) for name in names]
    except ValueError as problem:
        raise ScoresError(f"has a code of an unknown system ({problem})", path=path, remedy=AGAIN) from None
    labels = [Code(values[pair // len(known)], known[pair % len(known)]) for pair in distinct.tolist()]
    order = sorted(range(len(labels)), key=labels.__getitem__)
    rank = np.empty(len(labels), dtype=np.int64)
    rank[order] = np.arange(len(labels))
    return tuple(labels[one] for one in order), rank[place]


def _check_entries(columns: Columns, values: Values, begins: Columns, space: RankedSpace, path: Path) -> None:
    """Refuse lists that are too long, out of order, or have a code twice or a score that is not above 0."""
    note = np.repeat(np.arange(len(begins) - 1), np.diff(begins))

    def refuse(found: str, row: int) -> NoReturn:
        raise ScoresError(found, path=path, row=row + 1, remedy=AGAIN)

    bad = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if len(bad):
        refuse("has a score that is not a finite number above 0", int(note[bad[0]]))
    long = np.flatnonzero(np.diff(begins) > space.top)
    if len(long):
        refuse(f"lists more codes than the {space.top:,} best", int(long[0]))
    pairs = np.sort(note * max(1, int(columns.max(initial=0)) + 1) + columns)
    repeated = np.flatnonzero(np.diff(pairs) == 0)
    if len(repeated):
        refuse("lists a code twice", int(pairs[repeated[0]] // (int(columns.max()) + 1)))
    falling = (np.diff(values) < 0) | ((np.diff(values) == 0) & (np.diff(columns) > 0))
    rising = np.flatnonzero((np.diff(note) == 0) & ~falling)
    if len(rising):
        refuse("lists codes that are not in order, highest score first, then by code", int(note[rising[0]]))
