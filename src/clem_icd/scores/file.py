"""Scores on disk: a probability for every note and label, from our systems or anyone's."""

from __future__ import annotations

import json
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
_AGAIN = "Predict the split again"

Row = tuple[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Scores:
    """The scores of a system for the notes of a split.

    Attributes
    ----------
    note_ids
        The notes [notes].
    labels
        The label space in label order [labels].
    values
        Probabilities, or anything that a threshold can be put on [notes, labels].
    about
        Which system gave them for which corpus and split, as far as known.

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
            If there is no such file, it is not one that this release reads, or a score is no number.

        """
        path = Path(path)
        table, header = _read(path)
        labels, about = _header(header, path)
        column = table["scores"].combine_chunks()
        values = column.values.to_numpy(zero_copy_only=False).reshape(len(column), column.type.list_size)
        if values.shape[1] != len(labels):
            raise ScoresError(
                f"has {values.shape[1]} scores a note for {len(labels)} labels", path=path, remedy=_AGAIN
            )
        if not np.isfinite(values).all():
            row = int(np.nonzero(~np.isfinite(values).all(axis=1))[0][0])
            raise ScoresError("has a score that is no number", path=path, row=row + 1, remedy=_AGAIN)
        note_ids = tuple(table["note_id"].to_pylist())
        if len(set(note_ids)) != len(note_ids):
            raise ScoresError("has the scores of a note twice", path=path, remedy=_AGAIN)
        return cls(note_ids, labels, values, about)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences that whoever judges the scores has to know, as far as known."""
        warnings = self.about.get("warnings", [])
        return tuple(map(str, warnings)) if isinstance(warnings, list) else ()

    def of(self, corpus: Corpus, split: str) -> npt.NDArray[np.float32]:
        """Return the scores in the order of a split's notes [notes, labels].

        Raises
        ------
        ScoresError
            If the labels or the notes are not those of the split; the difference is named.

        """
        require_same_labels(self.labels, corpus.codes, "the scores", f"the corpus {corpus.name}")
        return self.values[self.rows_of(corpus, split)]

    def rows_of(self, corpus: Corpus, split: str) -> list[int]:
        """Return where the notes of a split are among these [notes of the split].

        Raises
        ------
        ScoresError
            If the notes are not those of the split; the difference is counted.

        """
        wanted = corpus.note_ids(split)
        row_of = {note_id: row for row, note_id in enumerate(self.note_ids)}
        missing = [note_id for note_id in wanted if note_id not in row_of]
        foreign = len(self.note_ids) - (len(wanted) - len(missing))
        if missing or foreign:
            example = f", the first is {missing[0]}" if missing else ""
            raise ScoresError(
                f"the scores are not those of the split {split}: {len(missing)} of its {len(wanted)} notes "
                f"have none{example}, and {foreign} scored notes are not in it",
                remedy="Predict the split again, or name the right one",
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
    """Write a scores file row by row, a bounded number of rows in memory.

    Parameters
    ----------
    labels
        The label space in label order [labels].
    rows
        The id of every note with its scores [labels].
    about
        What to remember of where the scores came from.

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
        # Other readers may look at the checksums or not; ours finds a flipped bit by them.
        pq.ParquetWriter(temporary, schema, write_page_checksum=True) as file,
    ):
        for group in _groups(iter(rows), max(1, _GROUP_VALUES // max(1, len(labels)))):
            ids = pa.array([note_id for note_id, _ in group], pa.string())
            flat = pa.array(np.concatenate([values for _, values in group]), pa.float32())
            scores = pa.FixedSizeListArray.from_arrays(flat, len(labels))
            file.write_table(pa.Table.from_arrays([ids, scores], schema=schema))


def require_same_labels(one: Sequence[Code], other: Sequence[Code], name: str, other_name: str) -> None:
    """Refuse two label spaces that are not the same, in the same order.

    Raises
    ------
    ScoresError
        Naming the first difference.

    """
    if tuple(one) == tuple(other):
        return
    only_one, only_other = set(one) - set(other), set(other) - set(one)
    examples = ", ".join(code.value for code in sorted(only_one | only_other)[:3])
    difference = (
        f"{len(only_one)} labels are only in {name}, {len(only_other)} only in {other_name} "
        f"(such as {examples})"
        if examples
        else "the same labels are in another order"
    )
    raise ScoresError(
        f"{name} and {other_name} have different label spaces: {difference}",
        remedy="Use a model trained on this corpus",
    )


def _read(path: Path) -> tuple[pa.Table, Any]:
    """Return the table of a scores file, and its header as json holds it."""
    if not path.is_file():
        raise ScoresError("there is no such file", path=path, remedy="Make it with `clem predict`")
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        names, metadata = table.column_names, table.schema.metadata or {}
    except (pa.ArrowException, OSError, UnicodeDecodeError) as problem:
        raise ScoresError("is not readable as parquet", path=path, remedy=_AGAIN) from problem
    if _KEY not in metadata or names != ["note_id", "scores"]:
        raise ScoresError("is no scores file", path=path, remedy="See docs/reference/formats.md")
    _check_types(table, path)
    try:
        return table, json.loads(metadata[_KEY])
    except ValueError as problem:
        raise ScoresError("has a header that is no json", path=path, remedy=_AGAIN) from problem


def _check_types(table: pa.Table, path: Path) -> None:
    ids, scores = table.schema.types
    if ids not in (pa.string(), pa.large_string()):
        raise ScoresError(f"has note ids of type {ids}, expected string", path=path, remedy=_AGAIN)
    if not pa.types.is_fixed_size_list(scores) or scores.value_type != pa.float32():
        raise ScoresError(
            f"has scores of type {scores}, expected fixed_size_list<float32>", path=path, remedy=_AGAIN
        )
    if any(column.null_count for column in table.columns):
        raise ScoresError("lacks a note id or a score", path=path, remedy=_AGAIN)


def _header(header: Any, path: Path) -> tuple[tuple[Code, ...], dict[str, Any]]:
    """Return the labels, and what is known of where the scores came from."""
    try:
        found = header["format"], header["format_version"]
        if found == (FORMAT, FORMAT_VERSION):
            return tuple(map(_label, header["labels"])), dict(header["about"])
    except (KeyError, TypeError, ValueError, CodeError) as problem:
        raise ScoresError("has a malformed header", path=path, remedy=_AGAIN) from problem
    raise ScoresError(
        f"has the format {found[0]!r} version {found[1]!r}, this release reads {FORMAT!r} version "
        f"{FORMAT_VERSION}",
        path=path,
        remedy=_AGAIN,
    )


def _label(row: Any) -> Code:
    if not isinstance(row["code"], str):
        raise TypeError("a code is text")
    return Code(row["code"], CodeSystem.parse(row["system"]))


def _groups(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    while group := list(islice(rows, size)):
        yield group
