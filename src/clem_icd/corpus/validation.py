"""What a corpus on disk guarantees, checked column by column without a Python object per note."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from clem_icd.corpus.schema import notes_file
from clem_icd.errors import CorpusError
from clem_icd.files import sha256_of
from clem_icd.icd import Code
from clem_icd.texts.flaws import flaw_in, is_flawed

_NOTES_IN_MEMORY = 512
_PREPARE_AGAIN = "Prepare it again"


def check_notes(files: Mapping[str, Path], labels: Sequence[Code]) -> None:
    """Check the notes of all splits.

    Raises
    ------
    CorpusError
        If a note has no id, a duplicate id, or a text that cannot be a note; if a code is not in the label
        space or is listed twice; or if evidence is outside the text or supports a code that the note does
        not have.

    """
    known = pl.DataFrame(
        {"code": [code.value for code in labels], "system": [code.system.value for code in labels]},
        schema={"code": pl.String, "system": pl.String},
    )
    for path in files.values():
        for notes in _batches(path):
            _check_known(notes, known, path)
            check_batch(notes, path, remedy=_PREPARE_AGAIN)
    _check_unique_ids(files)


def check_batch(notes: pl.DataFrame, path: Path | None = None, *, remedy: str) -> None:
    """Check rows of the notes table, each on its own.

    Raises
    ------
    CorpusError
        If a note has no id or a text that cannot be a note, a code is listed twice, or evidence is outside
        the text or supports a code that the note does not have.

    """
    _check_ids(notes, path, remedy)
    _check_texts(notes, path, remedy)
    _check_codes(notes, path)
    _check_evidence(notes, path)


def check_counts(path: Path, notes: int, labels: Mapping[Code, int]) -> None:
    """Check the number of notes in a split, and how many of them have each label.

    Raises
    ------
    CorpusError
        If the notes differ in number from ``corpus.json``, or those of a label from ``labels.parquet``.

    """
    rows = pq.read_metadata(path).num_rows
    if rows != notes:
        raise CorpusError(
            f"has {rows:,} notes, expected {notes:,} as in corpus.json",
            path=path,
            remedy=_PREPARE_AGAIN,
        )
    codes = _column(path, "codes").explode(empty_as_null=False).struct.unnest()
    found = {
        (code, system): count for code, system, count in codes.group_by("code", "system").len().iter_rows()
    }
    for label, count in labels.items():
        own = found.get((label.value, label.system.value), 0)
        if own != count:
            raise CorpusError(
                f"the code {label} occurs {own:,} times, expected {count:,} as in labels.parquet",
                path=path,
                remedy=_PREPARE_AGAIN,
            )


def check_sums(path: Path, sums: Mapping[str, str]) -> None:
    """Check that the files of a corpus have not changed since they were written.

    The fingerprint of a corpus covers these sums, and models name the fingerprint of their corpus.

    Raises
    ------
    CorpusError
        If the SHA-256 of a file differs from the one in ``corpus.json``.

    """
    for name, expected in sums.items():
        if not (path / name).is_file() or sha256_of(path / name) != expected:
            raise CorpusError(
                "has changed since the corpus was written", path=path / name, remedy=_PREPARE_AGAIN
            )


def shared_subjects(path: Path, splits: Sequence[str]) -> list[str]:
    """Return a warning for every pair of splits that have subjects in common."""
    subjects = {split: set(_column(path / notes_file(split), "subject_id").drop_nulls()) for split in splits}
    return [
        f"{len(both)} {'subject is' if len(both) == 1 else 'subjects are'} in both {one} and {other}: "
        f"scores on {other} are optimistic"
        for one, other in combinations(splits, 2)
        if (both := subjects[one] & subjects[other])
    ]


def _column(path: Path, name: str) -> pl.Series:
    # Not with polars: its parquet reader panics on some damaged files.
    return cast("pl.Series", pl.from_arrow(pq.read_table(path, columns=[name])[name])).rename(name)


def _batches(path: Path) -> Iterator[pl.DataFrame]:
    # Not a lazy scan: polars reads ahead, and a hospital's texts do not fit into memory.
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(
                _NOTES_IN_MEMORY, columns=["note_id", "text", "codes", "evidence"]
            ):
                yield pl.DataFrame(batch)
    except (pa.ArrowException, OSError):
        raise CorpusError("is damaged", path=path, remedy=_PREPARE_AGAIN) from None


def _check_ids(notes: pl.DataFrame, path: Path | None, remedy: str) -> None:
    if not notes["note_id"].str.contains(r"\S").all():
        raise CorpusError("a note has an empty id", path=path, remedy=remedy)


def _check_texts(notes: pl.DataFrame, path: Path | None, remedy: str) -> None:
    flawed = notes.select("note_id", "text").filter(is_flawed(pl.col("text")))
    for note_id, text in flawed.head(1).iter_rows():
        if flaw := flaw_in(text):
            raise CorpusError(f"note {note_id} {flaw.found}", path=path, remedy=remedy)


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
            "which is not in labels.parquet",
            path=path,
            remedy=_PREPARE_AGAIN,
        )


def _codes(notes: pl.DataFrame) -> pl.DataFrame:
    each = notes.select("note_id", "codes").with_row_index().explode("codes")
    return each.drop_nulls("codes").unnest("codes")


def _check_evidence(notes: pl.DataFrame, path: Path | None) -> None:
    spans = (
        notes.filter(pl.col("evidence").list.len() > 0)
        .with_columns(characters=pl.col("text").str.len_chars().cast(pl.Int64))
        .select("note_id", "codes", "characters", span="evidence")
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
            f"note {row['note_id']} has evidence for {row['code']['code']} ({row['code']['system']}), "
            "a code that it does not have",
            path=path,
            remedy="Add the code to the note, or drop the evidence",
        )


def _check_unique_ids(files: Mapping[str, Path]) -> None:
    ids = pl.concat([_column(path, "note_id") for path in files.values()]).to_frame()
    twice = ids.group_by("note_id").len().filter(pl.col("len") > 1).sort("note_id")
    for row in twice.head(1).iter_rows(named=True):
        raise CorpusError(
            f"duplicate note id {row['note_id']}: {row['len']} notes have it",
            path=next(iter(files.values())).parent,
            remedy="Note ids must be unique across all splits",
        )
