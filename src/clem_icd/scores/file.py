"""Scores on disk: a score for every note and label, from this package or any other system."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from clem_icd.corpus import Corpus
from clem_icd.errors import CodeError, ScoresError
from clem_icd.files import new_file
from clem_icd.icd import Code, CodeSystem

FORMAT = "clem-icd/scores"
FORMAT_VERSION = 1

_KEY = b"clem_icd"
_GROUP_VALUES = 16_000_000
"""Scores per row group."""

_AGAIN = "Predict the split again"

Row = tuple[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Scores:
    """The scores of one system for the notes of a split.

    Attributes
    ----------
    note_ids
        Ids of the notes [notes].
    labels
        The label space in label order [labels].
    values
        Probabilities, or any scores that can be thresholded [notes, labels].
    about
        The system, corpus and split behind the scores, as far as known.

    """

    note_ids: tuple[str, ...]
    labels: tuple[Code, ...]
    values: npt.NDArray[np.float32]
    about: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path | str) -> Scores:
        """Read a scores file.

        Raises
        ------
        ScoresError
            If the file is missing, malformed or of another version, or a score is not a finite number.

        """
        path = Path(path)
        table, header = _read(path)
        labels, about = _header(header, path)
        column = table["scores"].combine_chunks()
        values = column.values.to_numpy(zero_copy_only=False).reshape(len(column), column.type.list_size)
        if values.shape[1] != len(labels):
            raise ScoresError(
                f"has {values.shape[1]} scores per note for {len(labels)} labels", path=path, remedy=_AGAIN
            )
        if not np.isfinite(values).all():
            row = int(np.nonzero(~np.isfinite(values).all(axis=1))[0][0])
            raise ScoresError(
                "has a score that is not a finite number", path=path, row=row + 1, remedy=_AGAIN
            )
        note_ids = tuple(table["note_id"].to_pylist())
        if len(set(note_ids)) != len(note_ids):
            repeated = Counter(note_ids).most_common(1)[0][0]
            raise ScoresError(f"duplicate note id {repeated}", path=path, remedy=_AGAIN)
        return cls(note_ids, labels, values, about)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings for anyone who evaluates the scores, as full sentences."""
        warnings = self.about.get("warnings", [])
        return tuple(map(str, warnings)) if isinstance(warnings, list) else ()

    def of(self, corpus: Corpus, split: str) -> npt.NDArray[np.float32]:
        """Return the scores in the order of a split's notes [notes, labels].

        Raises
        ------
        ScoresError
            If the labels or notes differ from those of the split; the message names the difference.

        """
        require_same_labels(self.labels, corpus.codes, "the scores", f"the corpus {corpus.name}")
        return self.values[self.rows_of(corpus, split)]

    def rows_of(self, corpus: Corpus, split: str) -> list[int]:
        """Return the row of each note of a split [notes of the split].

        Raises
        ------
        ScoresError
            If the notes differ from those of the split; the message counts the differences.

        """
        wanted = corpus.note_ids(split)
        row_of = {note_id: row for row, note_id in enumerate(self.note_ids)}
        missing = [note_id for note_id in wanted if note_id not in row_of]
        foreign = len(self.note_ids) - (len(wanted) - len(missing))
        if missing or foreign:
            example = f" (first: {missing[0]})" if missing else ""
            raise ScoresError(
                f"the scores do not match the split {split}: {len(missing)} of its {len(wanted)} notes "
                f"have no scores{example}, and {foreign} scored notes are not in it",
                remedy="Predict the split again, or name the split that was scored",
            )
        return [row_of[note_id] for note_id in wanted]


def write_scores(
    path: Path,
    labels: Sequence[Code],
    rows: Iterable[Row],
    about: dict[str, Any],
    *,
    force: bool = False,
) -> None:
    """Write a scores file row by row, holding a bounded number of rows in memory.

    Parameters
    ----------
    labels
        The label space in label order [labels].
    rows
        The id of each note with its scores [labels].
    about
        Provenance of the scores, stored in the header.

    """
    header = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "labels": [{"code": label.value, "system": label.system.value} for label in labels],
        "about": about,
    }
    schema = pa.schema(
        [
            pa.field("note_id", pa.string(), nullable=False),
            pa.field("scores", pa.list_(pa.float32(), len(labels)), nullable=False),
        ],
        metadata={_KEY: json.dumps(header)},
    )
    with (
        new_file(path, force=force) as temporary,
        # Our reader verifies these checksums, which detect a flipped bit; other readers may ignore them.
        pq.ParquetWriter(temporary, schema, write_page_checksum=True) as file,
    ):
        for group in _groups(iter(rows), max(1, _GROUP_VALUES // max(1, len(labels)))):
            ids = pa.array([note_id for note_id, _ in group], pa.string())
            flat = pa.array(np.concatenate([values for _, values in group]), pa.float32())
            scores = pa.FixedSizeListArray.from_arrays(flat, len(labels))
            file.write_table(pa.Table.from_arrays([ids, scores], schema=schema))


def require_same_labels(one: Sequence[Code], other: Sequence[Code], name: str, other_name: str) -> None:
    """Refuse two label spaces that differ in their labels or the order of them.

    Raises
    ------
    ScoresError
        With the number of differing labels and examples.

    """
    if tuple(one) == tuple(other):
        return
    only_one, only_other = set(one) - set(other), set(other) - set(one)
    examples = ", ".join(code.value for code in sorted(only_one | only_other)[:3])
    difference = (
        f"{len(only_one)} labels are only in {name}, {len(only_other)} only in {other_name} "
        f"(such as {examples})"
        if examples
        else "the labels are the same, but in another order"
    )
    raise ScoresError(
        f"{name} and {other_name} have different label spaces: {difference}",
        remedy="Use scores and a model for this corpus",
    )


def _read(path: Path) -> tuple[pa.Table, Any]:
    """Return the table of a scores file, and its header as parsed JSON."""
    if not path.is_file():
        raise ScoresError("no such file", path=path, remedy="Create it with `clem predict`")
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        names, metadata = table.column_names, table.schema.metadata or {}
    except (pa.ArrowException, OSError, UnicodeDecodeError) as problem:
        raise ScoresError("not readable as parquet", path=path, remedy=_AGAIN) from problem
    if _KEY not in metadata or names != ["note_id", "scores"]:
        raise ScoresError(
            "not a scores file: expected the columns note_id and scores, and a header clem_icd",
            path=path,
            remedy="docs/reference/formats.md describes the format",
        )
    _check_types(table, path)
    try:
        return table, json.loads(metadata[_KEY])
    except ValueError as problem:
        raise ScoresError("has a header that is not valid JSON", path=path, remedy=_AGAIN) from problem


def _check_types(table: pa.Table, path: Path) -> None:
    ids, scores = table.schema.types
    if ids not in (pa.string(), pa.large_string()):
        raise ScoresError(f"has note ids of type {ids}, expected string", path=path, remedy=_AGAIN)
    if not pa.types.is_fixed_size_list(scores) or scores.value_type != pa.float32():
        raise ScoresError(
            f"has scores of type {scores}, expected fixed_size_list<float32>", path=path, remedy=_AGAIN
        )
    if any(column.null_count for column in table.columns):
        raise ScoresError("has a missing note id or score", path=path, remedy=_AGAIN)


def _header(header: Any, path: Path) -> tuple[tuple[Code, ...], dict[str, Any]]:
    """Return the labels and the provenance of the scores."""
    try:
        found = header["format"], header["format_version"]
        if found == (FORMAT, FORMAT_VERSION):
            return tuple(map(_label, header["labels"])), dict(header["about"])
    except (KeyError, TypeError, ValueError, CodeError) as problem:
        raise ScoresError("has a malformed header", path=path, remedy=_AGAIN) from problem
    raise ScoresError(
        f"has format {found[0]!r} version {found[1]!r}, expected {FORMAT!r} version {FORMAT_VERSION}",
        path=path,
        remedy=_AGAIN,
    )


def _label(row: Any) -> Code:
    if not isinstance(row["code"], str):
        raise TypeError("expected a code as text")
    return Code(row["code"], CodeSystem.parse(row["system"]))


def _groups(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    while group := list(islice(rows, size)):
        yield group
