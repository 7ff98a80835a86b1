"""Reading a Corpus; every guarantee of the format is checked before anything uses it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from clem_icd.corpus.about import ABOUT_FILE, read_about
from clem_icd.corpus.notes import Note
from clem_icd.corpus.schema import LABELS, NOTES, SPLITS, notes_file
from clem_icd.corpus.unknown_codes import unknown_code_warnings
from clem_icd.corpus.validation import check_counts, check_notes, check_sums, shared_subjects
from clem_icd.errors import CorpusError
from clem_icd.icd import Code, CodeSystem

_NOTES_IN_MEMORY = 256


@dataclass(frozen=True, slots=True)
class Label:
    """A code of the label space, with its title and the number of notes in each split that have it."""

    code: Code
    title: str | None
    counts: dict[str, int]


@dataclass(frozen=True)
class Corpus:
    """A corpus folder, opened and checked.

    Attributes
    ----------
    path
        The folder.
    about
        The contents of ``corpus.json``.
    labels
        The label space, in label order: position ``i`` is column ``i`` of every score matrix.
    splits
        The splits that exist, in the order train, validation, test.
    warnings
        Sentences about anything valid but unusual.

    """

    path: Path
    about: dict[str, Any]
    labels: tuple[Label, ...]
    splits: tuple[str, ...]
    warnings: tuple[str, ...] = field(default=())

    @classmethod
    def open(cls, path: Path | str, *, verify: bool = True) -> Corpus:
        """Open a corpus folder and check all of it.

        Parameters
        ----------
        verify
            Check every row and checksum. Skip this only for a corpus that this process has just written.

        Raises
        ------
        CorpusError
            If the folder is not a corpus, has another format version, lacks a file, contains a row that
            violates the format, or was changed after it was written.

        """
        path = Path(path)
        about = read_about(path)
        splits = tuple(split for split in SPLITS if split in about["counts"]["notes"])
        for split in splits:
            _check_schema(path / notes_file(split), NOTES)
        try:
            labels = _read_labels(path, about["counts"]["labels"])
            if verify:
                _verify(path, about, labels, splits)
            warnings = [*shared_subjects(path, splits), *unknown_code_warnings(about)]
        except (pa.ArrowException, pl.exceptions.PolarsError, OSError):
            raise CorpusError("has a damaged file", path=path, remedy="Prepare it again") from None
        return cls(path, about, labels, splits, tuple(warnings))

    @property
    def name(self) -> str:
        """The name of the corpus."""
        return str(self.about["name"])

    @property
    def synthetic(self) -> bool:
        """Whether its notes were generated."""
        return bool(self.about["synthetic"])

    @property
    def population(self) -> str | None:
        """The patients that the ids identify, where other corpora share them; None for a hospital's own."""
        population = self.about.get("population")
        return None if population is None else str(population)

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of ``corpus.json``, which in turn contains those of all its files."""
        return hashlib.sha256((self.path / ABOUT_FILE).read_bytes()).hexdigest()

    @cached_property
    def codes(self) -> tuple[Code, ...]:
        """The label space in label order [labels]."""
        return tuple(label.code for label in self.labels)

    def size(self, split: str) -> int:
        """Return the number of notes in a split."""
        return int(pq.read_metadata(self.notes_path(split)).num_rows)

    def notes_path(self, split: str) -> Path:
        """Return the parquet file of a split.

        Raises
        ------
        CorpusError
            If the corpus has no such split.

        """
        if split not in self.splits:
            raise CorpusError(
                f"has no split {split!r}", path=self.path, remedy=f"It has {', '.join(self.splits)}"
            )
        return self.path / notes_file(split)

    def frame(self, split: str) -> pl.LazyFrame:
        """Return the notes of a split as a lazy polars frame."""
        return pl.scan_parquet(self.notes_path(split))

    def notes(self, split: str) -> Iterator[Note]:
        """Yield the notes of a split in file order, a few at a time in memory."""
        for rows in self._batches(split, None):
            for row in rows:
                yield Note.from_row(row)

    def texts(self, split: str) -> Iterator[str]:
        """Yield the texts of a split in file order, a few at a time in memory."""
        for rows in self._batches(split, ["text"]):
            for row in rows:
                yield row["text"]

    def note_ids(self, split: str) -> list[str]:
        """Return the note ids of a split in file order."""
        ids = pq.read_table(self.notes_path(split), columns=["note_id"])["note_id"].to_pylist()
        return [str(note_id) for note_id in ids]

    def subjects(self, split: str) -> list[str | None] | None:
        """Return the subject of each note in file order, None where unknown; None if no subject is known."""
        table = pq.read_table(self.notes_path(split), columns=["subject_id"])
        subjects: list[str | None] = table["subject_id"].to_pylist()
        return subjects if any(subject is not None for subject in subjects) else None

    def label_indices(self, split: str) -> list[npt.NDArray[np.int64]]:
        """Return the label columns of every note in a split, ascending."""
        column = {code: position for position, code in enumerate(self.codes)}
        return [
            np.sort([column[Code(code["code"], CodeSystem(code["system"]))] for code in row["codes"]]).astype(
                np.int64
            )
            for rows in self._batches(split, ["codes"])
            for row in rows
        ]

    def targets(self, split: str) -> npt.NDArray[np.bool_]:
        """Return which notes have which codes, as booleans [notes, labels]."""
        indices = self.label_indices(split)
        targets = np.zeros((len(indices), len(self.labels)), dtype=np.bool_)
        for row, columns in enumerate(indices):
            targets[row, columns] = True
        return targets

    def train_counts(self) -> npt.NDArray[np.int64]:
        """Return the number of training notes with each label [labels]."""
        return np.array([label.counts["train"] for label in self.labels], dtype=np.int64)

    def _batches(self, split: str, columns: Sequence[str] | None) -> Iterator[list[dict[str, Any]]]:
        with pq.ParquetFile(self.notes_path(split)) as file:
            for batch in file.iter_batches(batch_size=_NOTES_IN_MEMORY, columns=columns):
                yield batch.to_pylist()


def _verify(path: Path, about: dict[str, Any], labels: Sequence[Label], splits: Sequence[str]) -> None:
    files = {split: path / notes_file(split) for split in splits}
    check_notes(files, [label.code for label in labels])
    for split, file in files.items():
        notes_with = {label.code: label.counts[split] for label in labels}
        check_counts(file, about["counts"]["notes"][split], notes_with)
    check_sums(path, about["files"])


def _read_labels(path: Path, expected: int) -> tuple[Label, ...]:
    _check_schema(path / "labels.parquet", LABELS)
    rows = pq.read_table(path / "labels.parquet").to_pylist()
    labels = tuple(
        Label(
            Code(row["code"], CodeSystem.parse(row["system"])),
            row["title"],
            {split: row[split] for split in SPLITS},
        )
        for row in rows
    )
    if len(labels) != expected:
        raise CorpusError(
            f"labels.parquet lists {len(labels)} labels, expected {expected} as in corpus.json", path=path
        )
    codes = [label.code for label in labels]
    if codes != sorted(codes) or len({code.value for code in codes}) < len(codes):
        raise CorpusError("labels.parquet is not sorted, or lists a label twice", path=path)
    return labels


def _check_schema(path: Path, expected: pa.Schema) -> None:
    try:
        found = pq.read_schema(path)
    except FileNotFoundError:
        raise CorpusError("is missing from the corpus", path=path, remedy="Prepare it again") from None
    except (pa.ArrowInvalid, OSError) as problem:
        raise CorpusError("is not readable as parquet", path=path, remedy="Prepare it again") from problem
    if not found.equals(expected):
        raise CorpusError(
            f"has the columns {', '.join(found.names)}, expected {', '.join(expected.names)} "
            "with the types of docs/reference/formats.md",
            path=path,
            remedy="Prepare it again",
        )
