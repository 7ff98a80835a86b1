"""The promises of a corpus on disk, checked over its columns without making a Python object a note."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from clem_icd.corpus.notes import MAX_CHARACTERS
from clem_icd.corpus.schema import notes_file
from clem_icd.errors import CorpusError
from clem_icd.files import sha256_of
from clem_icd.icd import Code

_BATCH = 512
_AGAIN = "Prepare it again"


def check_notes(files: Mapping[str, Path], labels: Sequence[Code]) -> None:
    """Check the notes of all splits.

    Raises
    ------
    CorpusError
        If a note has no id, no text or too long a one, its id is there twice, a code is not in the label
        space or listed twice, or evidence lies outside its text or supports a code that its note does not
        have.

    """
    known = pl.DataFrame(
        {"code": [code.value for code in labels], "system": [code.system.value for code in labels]},
        schema={"code": pl.String, "system": pl.String},
    )
    for path in files.values():
        for notes in _batches(path):
            _check_known(notes, known, path)
            check_batch(notes, path, remedy=_AGAIN)
    _check_unique_ids(files)


def check_batch(notes: pl.DataFrame, path: Path | None = None, *, remedy: str) -> None:
    """Check some rows of the notes table, each for itself.

    Raises
    ------
    CorpusError
        If a note has no id, no text or too long a one, a code is listed twice, or evidence lies outside its
        text or supports a code that its note does not have.

    """
    counted = notes.with_columns(characters=pl.col("text").str.len_chars().cast(pl.Int64))
    _check_texts(counted, path, remedy)
    _check_codes(counted, path)
    _check_evidence(counted, path)


def check_counts(path: Path, notes: int, labels: Mapping[Code, int]) -> None:
    """Check the number of notes of a split, and of those that have each label.

    Raises
    ------
    CorpusError
        If the notes are not as many as ``corpus.json`` says, or a label's as ``labels.parquet`` says.

    """
    rows = pq.read_metadata(path).num_rows
    if rows != notes:
        raise CorpusError(
            f"has {rows:,} notes, expected {notes:,} as corpus.json says",
            path=path,
            remedy=_AGAIN,
        )
    codes = _column(path, "codes").explode(empty_as_null=False).struct.unnest()
    found = {
        (code, system): count for code, system, count in codes.group_by("code", "system").len().iter_rows()
    }
    for label, count in labels.items():
        own = found.get((label.value, label.system.value), 0)
        if own != count:
            raise CorpusError(
                f"has the code {label} {own:,} times, expected {count:,} as labels.parquet says",
                path=path,
                remedy=_AGAIN,
            )


def check_sums(path: Path, sums: Mapping[str, str]) -> None:
    """Check that the files of a corpus are those that were written.

    The fingerprint of a corpus rests on these sums, and what was trained on it names that.

    Raises
    ------
    CorpusError
        If a file has another SHA-256 than ``corpus.json`` says.

    """
    for name, expected in sums.items():
        if not (path / name).is_file() or sha256_of(path / name) != expected:
            raise CorpusError("has changed since the corpus was written", path=path / name, remedy=_AGAIN)


def shared_subjects(path: Path, splits: Sequence[str]) -> list[str]:
    """Return a sentence for every pair of splits that have subjects in common."""
    subjects = {split: set(_column(path / notes_file(split), "subject_id").drop_nulls()) for split in splits}
    return [
        f"{len(both)} subjects are in both {one} and {other}: scores on {other} are flattered"
        for one, other in combinations(splits, 2)
        if (both := subjects[one] & subjects[other])
    ]


def _column(path: Path, name: str) -> pl.Series:
    # Not by polars, whose reader of parquet panics at some damaged files instead of refusing them.
    return cast("pl.Series", pl.from_arrow(pq.read_table(path, columns=[name])[name])).rename(name)


def _batches(path: Path) -> Iterator[pl.DataFrame]:
    # Not a lazy scan: polars reads ahead, and the texts of a hospital do not fit into memory.
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH, columns=["note_id", "text", "codes", "evidence"]):
                yield pl.DataFrame(batch)
    except (pa.ArrowException, OSError):
        raise CorpusError("is damaged", path=path, remedy=_AGAIN) from None


def _check_texts(notes: pl.DataFrame, path: Path | None, remedy: str) -> None:
    empty = notes.filter(~pl.col("text").str.contains(r"\S"))
    for row in empty.select("note_id").head(1).iter_rows(named=True):
        raise CorpusError(f"note {row['note_id']} is empty", path=path, remedy=remedy)
    if not notes["note_id"].str.contains(r"\S").all():
        raise CorpusError("a note has an empty id", path=path, remedy=remedy)
    for row in notes.filter(pl.col("characters") > MAX_CHARACTERS).head(1).iter_rows(named=True):
        raise CorpusError(
            f"note {row['note_id']} is {row['characters']:,} characters long, "
            f"expected at most {MAX_CHARACTERS:,}",
            path=path,
            remedy=remedy,
        )


def _check_codes(notes: pl.DataFrame, path: Path | None) -> None:
    twice = _codes(notes).filter(pl.struct("index", "code", "system").is_duplicated())
    for row in twice.head(1).iter_rows(named=True):
        raise CorpusError(
            f"note {row['note_id']} lists the code {row['code']} ({row['system']}) twice",
            path=path,
            remedy="List each code once",
        )


def _check_known(notes: pl.DataFrame, known: pl.DataFrame, path: Path) -> None:
    unknown = _codes(notes).join(known, on=["code", "system"], how="anti")
    for row in unknown.head(1).iter_rows(named=True):
        raise CorpusError(
            f"note {row['note_id']} has the code {row['code']} ({row['system']}), "
            "which labels.parquet does not list",
            path=path,
            remedy=_AGAIN,
        )


def _codes(notes: pl.DataFrame) -> pl.DataFrame:
    each = notes.select("note_id", "codes").with_row_index().explode("codes")
    return each.drop_nulls("codes").unnest("codes")


def _check_evidence(notes: pl.DataFrame, path: Path | None) -> None:
    spans = (
        notes.select("note_id", "codes", "characters", span="evidence")
        .explode("span")
        .drop_nulls("span")
        .with_columns(
            begin=pl.col("span").struct.field("begin"),
            end=pl.col("span").struct.field("end"),
            code=pl.struct(pl.col("span").struct.field("code", "system")),
        )
    )
    inside = (
        (pl.col("begin") >= 0)
        & (pl.col("begin") < pl.col("end"))
        & (pl.col("end").cast(pl.Int64) <= pl.col("characters"))
    )
    for row in spans.filter(~inside).head(1).iter_rows(named=True):
        raise CorpusError(
            f"note {row['note_id']} has evidence at {row['begin']}:{row['end']} "
            f"in a text of {row['characters']} characters",
            path=path,
            remedy="Offsets are half-open, in characters of the raw text",
        )
    orphans = spans.filter(~pl.col("codes").list.contains(pl.col("code")))
    for row in orphans.head(1).iter_rows(named=True):
        raise CorpusError(
            f"note {row['note_id']} has evidence for {row['code']['code']}, a code that it does not have",
            path=path,
            remedy="Add the code to the note, or drop the evidence",
        )


def _check_unique_ids(files: Mapping[str, Path]) -> None:
    ids = pl.concat([_column(path, "note_id") for path in files.values()]).to_frame()
    twice = ids.group_by("note_id").len().filter(pl.col("len") > 1).sort("note_id")
    for row in twice.head(1).iter_rows(named=True):
        raise CorpusError(
            f"the note id {row['note_id']} is there {row['len']} times",
            path=next(iter(files.values())).parent,
            remedy="Ids must be unique over all splits",
        )
