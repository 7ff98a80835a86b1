"""What all scores files share: parquet with a header in JSON, one row per note."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from clem_icd.corpus import Corpus
from clem_icd.errors import CodeError, ScoresError
from clem_icd.formats import require_format

FORMAT = "clem-icd/scores"
FORMAT_VERSION = 1
RANKED = "ranked"
"""The variant, in the header, of a file that lists the best codes of each note."""

KEY = b"clem_icd"
"""The key of the header in the metadata of the parquet schema."""

AGAIN = "Predict the split again"

Item = TypeVar("Item")


def is_ranked(path: Path) -> bool:
    """Return whether a file is the variant that lists the best codes of each note."""
    try:
        header = json.loads((pq.read_schema(path).metadata or {})[KEY])
    except (pa.ArrowException, OSError, KeyError, ValueError):
        return False
    return isinstance(header, dict) and header.get("variant") == RANKED


def warnings_of(about: dict[str, Any]) -> tuple[str, ...]:
    """Return the warnings in the provenance of scores, as full sentences."""
    warnings = about.get("warnings", [])
    return tuple(map(str, warnings)) if isinstance(warnings, list) else ()


def rows_of(note_ids: Sequence[str], corpus: Corpus, split: str) -> list[int]:
    """Return the place of each note of a split among some notes [notes of the split].

    Raises
    ------
    ScoresError
        If the notes differ from those of the split; the message counts the differences.

    """
    wanted = corpus.note_ids(split)
    row_of = {note_id: row for row, note_id in enumerate(note_ids)}
    missing = [note_id for note_id in wanted if note_id not in row_of]
    foreign = len(note_ids) - (len(wanted) - len(missing))
    if missing or foreign:
        example = f" (first: {missing[0]})" if missing else ""
        raise ScoresError(
            f"the scores do not match the split {split}: {len(missing)} of its {len(wanted)} notes "
            f"have no scores{example}, and {foreign} scored notes are not in it",
            remedy="Predict the split again, or name the split that was scored",
        )
    return [row_of[note_id] for note_id in wanted]


def unique_note_ids(table: pa.Table, path: Path) -> tuple[str, ...]:
    """Return the note ids of a table [notes].

    Raises
    ------
    ScoresError
        If one occurs twice.

    """
    note_ids = tuple(table["note_id"].to_pylist())
    if len(set(note_ids)) != len(note_ids):
        repeated = Counter(note_ids).most_common(1)[0][0]
        raise ScoresError(f"duplicate note id {repeated}", path=path, remedy=AGAIN)
    return note_ids


def read_table(path: Path, column: str) -> tuple[pa.Table, Any]:
    """Return the table of a scores file, and its header as parsed JSON.

    Parameters
    ----------
    column
        The column expected beside ``note_id``.

    Raises
    ------
    ScoresError
        If the file is missing, not readable, or not a scores file with this column.

    """
    if not path.is_file():
        raise ScoresError("no such file", path=path, remedy="Create it with `clem predict`")
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        names, metadata = table.column_names, table.schema.metadata or {}
    except (pa.ArrowException, OSError, UnicodeDecodeError) as problem:
        raise ScoresError("not readable as parquet", path=path, remedy=AGAIN) from problem
    if KEY not in metadata or names != ["note_id", column]:
        raise ScoresError(
            f"not a scores file: expected the columns note_id and {column}, and a header clem_icd",
            path=path,
            remedy="docs/reference/formats.md describes the format",
        )
    if table.schema.types[0] not in (pa.string(), pa.large_string()):
        raise ScoresError(
            f"has note ids of type {table.schema.types[0]}, expected string", path=path, remedy=AGAIN
        )
    try:
        return table, json.loads(metadata[KEY])
    except ValueError as problem:
        raise ScoresError("has a header that is not valid JSON", path=path, remedy=AGAIN) from problem


@contextmanager
def checked_header(header: Any, path: Path) -> Iterator[None]:
    """Refuse a header of another format or version, or what is malformed in it as it is read.

    Raises
    ------
    ScoresError
        Naming the file.

    """
    try:
        require_format(header, FORMAT, FORMAT_VERSION, ScoresError, path, AGAIN)
        yield
    except (AttributeError, KeyError, TypeError, ValueError, CodeError) as problem:
        raise ScoresError("has a malformed header", path=path, remedy=AGAIN) from problem


def groups_of(rows: Iterator[Item], size: int) -> Iterator[list[Item]]:
    """Yield lists of up to ``size`` rows."""
    while group := list(islice(rows, size)):
        yield group
