"""Scores on disk: a score for every note and label, from this package or any other system."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from clem_icd.corpus import Corpus
from clem_icd.errors import ScoresError
from clem_icd.files import new_file
from clem_icd.icd import Code, CodeSystem
from clem_icd.scores.table import (
    AGAIN,
    FORMAT,
    FORMAT_VERSION,
    KEY,
    checked_header,
    groups_of,
    is_ranked,
    read_table,
    rows_of,
    unique_note_ids,
    warnings_of,
)

_GROUP_VALUES = 16_000_000
"""Scores per row group."""

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
        if is_ranked(path):
            raise ScoresError(
                "lists the best codes of each note, expected a score for every label",
                path=path,
                remedy="Read it with `open_scores`, or restrict it to the labels of a corpus with "
                "`clem scores restrict`",
            )
        table, header = read_table(path, "scores")
        _check_types(table, path)
        labels, about = _header(header, path)
        column = table["scores"].combine_chunks()
        values = column.values.to_numpy(zero_copy_only=False).reshape(len(column), column.type.list_size)
        if values.shape[1] != len(labels):
            raise ScoresError(
                f"has {values.shape[1]} scores per note for {len(labels)} labels", path=path, remedy=AGAIN
            )
        if not np.isfinite(values).all():
            row = int(np.nonzero(~np.isfinite(values).all(axis=1))[0][0])
            raise ScoresError("has a score that is not a finite number", path=path, row=row + 1, remedy=AGAIN)
        return cls(unique_note_ids(table, path), labels, values, about)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings for anyone who evaluates the scores, as full sentences."""
        return warnings_of(self.about)

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
        return rows_of(self.note_ids, corpus, split)


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
    schema = scores_schema(len(labels), json.dumps(header).encode())
    with (
        new_file(path, force=force) as temporary,
        # Our reader verifies these checksums, which detect a flipped bit; other readers may ignore them.
        pq.ParquetWriter(temporary, schema, write_page_checksum=True) as file,
    ):
        for group in groups_of(iter(rows), rows_per_group(len(labels))):
            ids = pa.array([note_id for note_id, _ in group], pa.string())
            flat = pa.array(np.concatenate([values for _, values in group]), pa.float32())
            scores = pa.FixedSizeListArray.from_arrays(flat, len(labels))
            file.write_table(pa.Table.from_arrays([ids, scores], schema=schema))


def scores_schema(labels: int, header: bytes) -> pa.Schema:
    """Return the schema of a scores file for a number of labels and a header in JSON."""
    return pa.schema(
        [
            pa.field("note_id", pa.string(), nullable=False),
            pa.field("scores", pa.list_(pa.float32(), labels), nullable=False),
        ],
        metadata={KEY: header},
    )


def rows_per_group(labels: int) -> int:
    """Return the rows of a row group for a number of labels."""
    return max(1, _GROUP_VALUES // max(1, labels))


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


def _check_types(table: pa.Table, path: Path) -> None:
    scores = table.schema.types[1]
    if not pa.types.is_fixed_size_list(scores) or scores.value_type != pa.float32():
        raise ScoresError(
            f"has scores of type {scores}, expected fixed_size_list<float32>", path=path, remedy=AGAIN
        )
    if any(column.null_count for column in table.columns):
        raise ScoresError("has a missing note id or score", path=path, remedy=AGAIN)


def _header(header: Any, path: Path) -> tuple[tuple[Code, ...], dict[str, Any]]:
    """Return the labels and the provenance of the scores."""
    with checked_header(header, path):
        return tuple(map(_label, header["labels"])), dict(header["about"])


def _label(row: Any) -> Code:
    if not isinstance(row["code"], str):
        raise TypeError("expected a code as text")
    return Code(row["code"], CodeSystem.parse(row["system"]))
