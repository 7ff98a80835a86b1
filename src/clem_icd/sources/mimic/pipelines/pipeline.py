"""What a pipeline is, and the steps that pipelines share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from clem_icd.icd import Code
from clem_icd.sources.documents import Compose
from clem_icd.tabular.sentences import counted

_RARE = "code is too rare and was left out", "codes are too rare and were left out"
_NOT_OF_THE_50 = (
    "code is not one of the 50 and was left out",
    "codes are not among the 50 and were left out",
)
_OTHER_SUBJECT = (
    "row of codes names another subject than the notes of its admission and was left out",
    "rows of codes name another subject than the notes of their admission and were left out",
)
_BARE = "document then had no code and was left out", "documents then had no code and were left out"

# Puts the split beside documents that have their codes, and leaves out what is in none.
Assign = Callable[[pl.DataFrame], pl.DataFrame]

Subset = Literal["full", "50", "clean"]
# Makes documents of notes and codes, and sentences about what it left out.
Prepare = Callable[[pl.DataFrame, pl.DataFrame, Assign, "Rules"], tuple[pl.DataFrame, list[str]]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of a pipeline.

    Attributes
    ----------
    subset
        Of MIMIC-III: all codes, the 50 most frequent ones, or those that are frequent enough.
    version
        Of MIMIC-IV: the revision of ICD, 9 or 10.
    min_count
        In how many documents a code has to be to be frequent enough.

    """

    subset: Subset = "full"
    version: int = 10
    min_count: int = 10


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A published way from raw files to documents.

    Attributes
    ----------
    name
        What ``--compat`` calls it.
    compose
        Makes the text of a document of those of its notes.
    mimic3, mimic4
        Make documents of the notes and codes of either; None where the pipeline does not know it.
    subsets
        Of MIMIC-III, those that it knows.
    selective
        Whether notes and codes outside of the split can be left unread: it counts nothing there.
    keeps_missing
        Whether a note without text is joined as any other, and an admission whose codes are all empty stays.

    """

    name: str
    compose: Compose
    mimic3: Prepare
    mimic4: Prepare | None
    subsets: tuple[Subset, ...] = ("full", "50", "clean")
    selective: bool = True
    keeps_missing: bool = False


def read_codes(codes: pl.DataFrame, read: Callable[[str, str, str], Code | None]) -> pl.DataFrame:
    """Add ``code`` and ``system`` to rows of codes; what reads as None is left out.

    Parameters
    ----------
    codes
        With ``text``, ``kind`` and ``version``.
    read
        Makes a code of these three.

    """
    distinct = codes.select("text", "kind", "version").unique(maintain_order=True)
    found = [read(*row) for row in distinct.iter_rows()]
    known = distinct.with_columns(
        code=pl.Series([code.value if code else None for code in found], dtype=pl.Categorical),
        system=pl.Series([code.system.value if code else None for code in found], dtype=pl.Categorical),
    )
    return codes.join(known.drop_nulls("code"), on=["text", "kind", "version"], maintain_order="left")


def merge_notes(notes: pl.DataFrame) -> pl.DataFrame:
    """Return a document an admission, its notes in the order they are given in."""
    return notes.group_by("subject", "admission", maintain_order=True).agg(
        note_id=pl.col("note_id").str.join("+"), numbers=pl.col("number"), note_ids=pl.col("note_id")
    )


def single_notes(notes: pl.DataFrame) -> pl.DataFrame:
    """Return a document a note."""
    return notes.select(
        "subject",
        "admission",
        "note_id",
        numbers=pl.concat_list("number"),
        note_ids=pl.concat_list("note_id"),
    )


def add_codes(documents: pl.DataFrame, codes: pl.DataFrame) -> pl.DataFrame:
    """Give every document the distinct codes of its admission; one that has none gets an empty list."""
    lists = (
        codes.unique(["admission", "code"], keep="first", maintain_order=True)
        .group_by("admission", maintain_order=True)
        .agg(codes=pl.struct("code", "system"))
    )
    empty = pl.lit([], dtype=lists.schema["codes"])
    return (
        documents.drop("codes", strict=False)
        .join(lists, on="admission", how="left", maintain_order="left")
        .with_columns(pl.col("codes").fill_null(empty))
    )


def with_codes(documents: pl.DataFrame) -> pl.DataFrame:
    """Leave out documents without codes."""
    return documents.filter(pl.col("codes").list.len() > 0)


def left_out(before: pl.DataFrame, after: pl.DataFrame, rules: Rules) -> list[str]:
    """Say how many codes and documents a choice of codes left out.

    Parameters
    ----------
    before, after
        Documents of the splits, with their codes.

    """
    labels = [frame["codes"].explode(empty_as_null=False).n_unique() for frame in (before, after)]
    lost, bare = labels[0] - labels[1], before.height - after.height
    words = _NOT_OF_THE_50 if rules.subset == "50" else _RARE
    return ([counted(lost, *words)] if lost else []) + ([counted(bare, *_BARE)] if bare else [])


def of_other_subjects(rows: pl.DataFrame, documents: pl.DataFrame) -> list[str]:
    """Say how many rows of the documents' codes name another subject than the notes do."""
    here = rows.join(documents, on="admission", how="semi")
    other = here.join(documents, on=["subject", "admission"], how="anti").height
    return [counted(other, *_OTHER_SUBJECT)] if other else []


def frequent(codes: pl.DataFrame, documents: pl.DataFrame, least: int) -> pl.DataFrame:
    """Keep the codes that are in ``least`` documents, diagnoses and procedures counted apart.

    Parameters
    ----------
    codes
        With ``admission``, ``kind`` and ``code``; a ``times`` tells how often a row counts, else once.

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
    """Keep the ``number`` codes that are in most documents; of equals, the first by their text."""
    here = codes.join(documents, on="admission", how="semi")
    counts = here.group_by("code").len("count")
    counts = counts.sort("count", pl.col("code").cast(pl.String), descending=[True, False])
    return codes.join(counts.head(number), on="code", how="semi", maintain_order="left")
