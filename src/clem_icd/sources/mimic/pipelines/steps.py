"""The steps that pipelines share: from rows of notes and codes to documents with the codes they keep."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from clem_icd.icd import Code
from clem_icd.sources.mimic.pipelines.rules import Rules
from clem_icd.tabular.sentences import counted

_RARE = "code is too rare and was left out", "codes are too rare and were left out"
_NOT_OF_THE_50 = (
    "code is not among the 50 and was left out",
    "codes are not among the 50 and were left out",
)
_OTHER_SUBJECT = (
    "row of codes names a different subject than the notes of its admission and was left out",
    "rows of codes name a different subject than the notes of their admission and were left out",
)
_BARE = (
    "document then had no code left and was left out",
    "documents then had no code left and were left out",
)


def read_codes(codes: pl.DataFrame, read: Callable[[str, str, str], Code | None]) -> pl.DataFrame:
    """Add ``code`` and ``system`` to rows of codes; rows that read as None are left out.

    Parameters
    ----------
    codes
        With ``text``, ``kind`` and ``version``.
    read
        Makes a code from these three.

    """
    distinct = codes.select("text", "kind", "version").unique(maintain_order=True)
    found = [read(*row) for row in distinct.iter_rows()]
    known = distinct.with_columns(
        code=pl.Series([code.value if code else None for code in found], dtype=pl.Categorical),
        system=pl.Series([code.system.value if code else None for code in found], dtype=pl.Categorical),
    )
    return codes.join(known.drop_nulls("code"), on=["text", "kind", "version"], maintain_order="left")


def merge_notes(notes: pl.DataFrame) -> pl.DataFrame:
    """Return one document per admission, with its notes in the given order."""
    return notes.group_by("subject", "admission", maintain_order=True).agg(
        note_id=pl.col("note_id").str.join("+"), numbers=pl.col("number"), note_ids=pl.col("note_id")
    )


def single_notes(notes: pl.DataFrame) -> pl.DataFrame:
    """Return one document per note."""
    return notes.select(
        "subject",
        "admission",
        "note_id",
        numbers=pl.concat_list("number"),
        note_ids=pl.concat_list("note_id"),
    )


def first_of_each(rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Return the first row of every combination of values in some columns, in order."""
    # Twice as fast as `DataFrame.unique`.
    return rows.filter(pl.struct(columns).is_first_distinct())


def first_of_runs(rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Return some columns of the rows in which one of them changes: the same values, in far fewer rows."""
    changes = (pl.col(column).ne_missing(pl.col(column).shift()) for column in columns)
    return rows.select(columns).filter(pl.any_horizontal(pl.int_range(pl.len()) == 0, *changes))


def add_codes(documents: pl.DataFrame, codes: pl.DataFrame) -> pl.DataFrame:
    """Add to every document the distinct codes of its admission, or an empty list."""
    lists = _lists(codes)
    # Most often, no code is listed twice, which is quicker to see here than in the rows.
    if (lists["codes"].list.len() != lists["distinct"]).any():
        lists = _lists(first_of_each(codes, "admission", "code"))
    empty = pl.lit([], dtype=lists.schema["codes"])
    return (
        documents.drop("codes", strict=False)
        .join(lists.drop("distinct"), on="admission", how="left", maintain_order="left")
        .with_columns(pl.col("codes").fill_null(empty))
    )


def _lists(codes: pl.DataFrame) -> pl.DataFrame:
    """Return the codes of every admission, and how many of them are distinct."""
    return codes.group_by("admission", maintain_order=True).agg(
        codes=pl.struct("code", "system"), distinct=pl.col("code").n_unique()
    )


def with_codes(documents: pl.DataFrame) -> pl.DataFrame:
    """Leave out documents without codes."""
    return documents.filter(pl.col("codes").list.len() > 0)


def about_left_out(before: pl.DataFrame, after: pl.DataFrame, rules: Rules) -> list[str]:
    """Return sentences about how many codes and documents a choice of codes left out.

    Parameters
    ----------
    before, after
        The documents in the splits, with their codes.
    rules
        The choice.

    """
    labels = [_distinct_labels(frame) for frame in (before, after)]
    lost, bare = labels[0] - labels[1], before.height - after.height
    words = _NOT_OF_THE_50 if rules.subset == "50" else _RARE
    return ([counted(lost, *words)] if lost else []) + ([counted(bare, *_BARE)] if bare else [])


def _distinct_labels(documents: pl.DataFrame) -> int:
    return documents["codes"].explode(empty_as_null=False).struct.unnest().unique().height


def about_other_subjects(rows: pl.DataFrame, documents: pl.DataFrame) -> list[str]:
    """Return a sentence about the rows of codes whose subject is not that of the notes; nothing if none."""
    here = rows.join(documents, on="admission", how="semi")
    other = here.join(documents, on=["subject", "admission"], how="anti").height
    return [counted(other, *_OTHER_SUBJECT)] if other else []


def frequent(codes: pl.DataFrame, documents: pl.DataFrame, least: int) -> pl.DataFrame:
    """Keep the codes that are in at least ``least`` documents, counting diagnoses and procedures separately.

    Parameters
    ----------
    codes
        With ``admission``, ``kind`` and ``code``, and optionally ``times``: how often a row counts.
    documents
        The documents to count in.
    least
        The smallest count to keep.

    """
    each = documents.group_by("admission").len("documents")
    times = pl.col("times") if "times" in codes.columns else pl.lit(1)
    counts = (
        codes.join(each, on="admission")
        .group_by("kind", "code")
        .agg(count=(times * pl.col("documents")).sum())
    )
    return codes.join(
        counts.filter(pl.col("count") >= least), on=["kind", "code"], how="semi", maintain_order="left"
    )


def most_frequent(codes: pl.DataFrame, documents: pl.DataFrame, number: int) -> pl.DataFrame:
    """Keep the ``number`` codes that are in the most documents; ties go to the first in text order."""
    here = codes.join(documents, on="admission", how="semi")
    counts = here.group_by("code").len("count")
    counts = counts.sort("count", pl.col("code").cast(pl.String), descending=[True, False])
    return codes.join(counts.head(number), on="code", how="semi", maintain_order="left")
