"""Writing a Corpus in bounded memory, whole or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clem_icd.corpus.about import ABOUT_FILE
from clem_icd.corpus.notes import Note
from clem_icd.corpus.notes_table import note_tables, write_tables
from clem_icd.corpus.prefetch import prefetched
from clem_icd.corpus.schema import FORMAT, FORMAT_VERSION, LABELS, SPLITS, notes_file
from clem_icd.corpus.unknown_codes import unknown_codes
from clem_icd.corpus.validation import check_batch
from clem_icd.errors import CorpusError
from clem_icd.files import flush, new_folder, sha256_of, write_json
from clem_icd.icd import Code, Codebook, CodeSystem, is_well_formed

_SEPARATOR = "\0"  # never part of a code


@dataclass(frozen=True, slots=True)
class InputFile:
    """A raw file that a corpus was made from; its path is relative to the raw folder."""

    path: str
    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path, raw: Path) -> InputFile:
        """Describe a file in the raw folder."""
        return cls(path.relative_to(raw).as_posix(), path.stat().st_size, sha256_of(path))


class CorpusWriter:
    """Writes notes split by split and counts them. Opened by `corpus_writer`.

    Attributes
    ----------
    folder
        The folder of the corpus while it is made. Any other files in it must be removed before the writer
        finishes.

    """

    def __init__(self, folder: Path, codebook: Codebook, background: ThreadPoolExecutor) -> None:
        self.folder = folder
        self._background = background
        self._sums: dict[str, Future[str]] = {}
        self._codebook = codebook
        self._ids: set[str] = set()
        self._notes: Counter[str] = Counter()
        self._uncoded: Counter[str] = Counter()
        self._occurrences: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
        (folder / "notes").mkdir()

    @property
    def size(self) -> int:
        """The number of notes written so far."""
        return self._notes.total()

    def write(self, split: str, notes: Iterable[Note]) -> None:
        """Write all notes of one split. Call this, or `write_tables`, once per split.

        Raises
        ------
        CorpusError
            If a note is not acceptable (`clem_icd.corpus.validation`), its id is a duplicate, or the split
            is unknown, empty or already written.

        """
        self.write_tables(split, note_tables(notes))

    def write_tables(self, split: str, tables: Iterable[pa.Table]) -> None:
        """Write all notes of one split from tables with the schema `NOTES`, without an object per note.

        Raises
        ------
        CorpusError
            As `write` does.

        """
        if split not in SPLITS:
            raise CorpusError(f"there is no split {split!r}", remedy=f"The splits are {', '.join(SPLITS)}")
        if self._notes[split]:
            raise CorpusError(f"the split {split} is already written", remedy="Write each split once")
        counted = (self._counted(split, table) for table in _checked(tables))
        path = self.folder / notes_file(split)
        write_tables(path, prefetched(counted))
        # The disk works on this split while the next one is written.
        self._sums[notes_file(split)] = self._background.submit(_flushed_sum, path)
        if not self._notes[split]:
            raise CorpusError(
                f"the split {split} has no notes", remedy="Change the shares of the splits, or add notes"
            )

    def _counted(self, split: str, table: pa.Table) -> pa.Table:
        for note_id in table["note_id"].to_pylist():
            if note_id in self._ids:
                raise CorpusError(f"duplicate note id {note_id}", remedy="Note ids must be unique")
            self._ids.add(note_id)
        self._notes[split] += table.num_rows
        self._uncoded[split] += pc.sum(pc.equal(pc.list_value_length(table["codes"]), 0)).as_py()
        codes = pc.list_flatten(table["codes"])
        names = (pc.struct_field(codes, [place]) for place in range(2))
        found = pc.value_counts(pc.binary_join_element_wise(*names, _SEPARATOR))
        values, counts = (part.to_pylist() for part in found.flatten())
        self._occurrences[split].update(dict(zip(values, counts, strict=True)))
        return table

    def finish(self, about: Mapping[str, Any]) -> None:
        """Write the label space, and where the corpus came from."""
        counts = {split: _by_code(found) for split, found in self._occurrences.items()}
        occurrences = sum(counts.values(), Counter[Code]())
        labels = self._labels(occurrences)
        pq.write_table(self._label_table(labels, counts), self.folder / "labels.parquet", compression="zstd")
        unknown = [label for label in labels if not self._codebook.is_known(label.value, label.system)]
        misshapen = [label for label in labels if not is_well_formed(label.value, label.system)]
        written = [split for split in SPLITS if self._notes[split]]
        write_json(
            self.folder / ABOUT_FILE,
            {
                "format": FORMAT,
                "format_version": FORMAT_VERSION,
                **about,
                "unknown_codes": unknown_codes(occurrences, self._codebook),
                "counts": {
                    "notes": {split: self._notes[split] for split in written},
                    "notes_without_codes": {split: self._uncoded[split] for split in written},
                    "labels": len(labels),
                    "labels_without_title": len(unknown),
                    "codes_without_title": sum(occurrences[label] for label in unknown),
                    "labels_of_unexpected_shape": len(misshapen),
                },
                "files": {
                    **{notes_file(split): self._sums[notes_file(split)].result() for split in written},
                    "labels.parquet": sha256_of(self.folder / "labels.parquet"),
                },
            },
        )

    def _labels(self, occurrences: Iterable[Code]) -> list[Code]:
        if not self._notes:
            raise CorpusError("there are no notes", remedy="Check that this is the right raw folder")
        labels = sorted(occurrences)
        if not labels:
            raise CorpusError(
                "no note has a code", remedy="Check the code files, and how they are joined with the notes"
            )
        for one, other in pairwise(labels):
            if one.value == other.value:
                raise CorpusError(
                    f"the code {one.value} is in two code systems, {one.system} and {other.system}",
                    remedy="Prepare two corpora: a label is identified by its code alone",
                )
        return labels

    def _label_table(self, labels: Sequence[Code], counts: Mapping[str, Mapping[Code, int]]) -> pa.Table:
        columns: dict[str, list[Any]] = {
            "code": [label.value for label in labels],
            "system": [label.system.value for label in labels],
            "title": [self._codebook.title(label.value, label.system) for label in labels],
            **{split: [counts[split].get(label, 0) for label in labels] for split in SPLITS},
        }
        return pa.table(columns, schema=LABELS)


def _by_code(occurrences: Mapping[str, int]) -> Counter[Code]:
    """Return how often each code occurs, from the same by code and system in one text."""
    counts: Counter[Code] = Counter()
    for text, count in occurrences.items():
        code, system = text.split(_SEPARATOR)
        counts[Code(code, CodeSystem(system))] = count
    return counts


def _flushed_sum(path: Path) -> str:
    flush(path)
    return sha256_of(path)


def _checked(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    for table in tables:
        check_batch(cast("pl.DataFrame", pl.from_arrow(table)), remedy="Correct the raw files")
        yield table


@contextmanager
def corpus_writer(
    out: Path,
    *,
    name: str,
    source: str,
    options: Mapping[str, Any],
    inputs: Sequence[InputFile],
    codebook: Codebook,
    synthetic: bool = False,
    notices: Sequence[str] = (),
    population: str | None = None,
    absent: Mapping[str, Any] | None = None,
    conversions: Mapping[str, int] | None = None,
    force: bool = False,
) -> Iterator[CorpusWriter]:
    """Open a writer; the corpus appears at ``out`` when the block ends without an error.

    Parameters
    ----------
    out
        The corpus folder.
    name, source, options, inputs
        The name of the corpus, the source that makes it, that source's options, and its raw files.
    codebook
        The titles of the labels.
    synthetic
        Whether the notes were generated. Every report on the corpus says so.
    notices
        Sentences that users of the corpus should read, with counts.
    population
        The patients that the ids identify, where other corpora share them (``mimic3``); None for a
        hospital's own.
    absent
        For each split, the admissions in the split file without a note in the corpus: their ``count``, and
        the first of them as ``admissions``.
    conversions
        The number of notes that were converted from each format.
    force
        Replace the contents of ``out``.

    Raises
    ------
    OutputError
        If ``out`` is occupied and ``force`` is false, or the disk is full.
    CorpusError
        If a note or a split is not acceptable, or no note has a code.

    """
    with new_folder(out, force=force) as folder, ThreadPoolExecutor(1) as background:
        writer = CorpusWriter(folder, codebook, background)
        # The caller may extend inputs, notices, absent and conversions while it writes.
        about = {
            "name": name,
            "source": source,
            "synthetic": synthetic,
            "options": dict(options),
            "population": population,
        }
        yield writer
        writer.finish(
            {
                **about,
                "inputs": [asdict(file) for file in inputs],
                "notices": list(notices),
                "absent": dict(absent or {}),
                "conversions": dict(conversions or {}),
            }
        )
