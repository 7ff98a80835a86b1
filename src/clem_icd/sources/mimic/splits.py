"""Which documents go into which split: as a published file says, or as drawn here."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Protocol

import polars as pl

from clem_icd.corpus import split_by_subject
from clem_icd.errors import SourceError
from clem_icd.tabular.split_files import SplitFiles, absent_admissions

_OWN_SPLIT = (
    "The split was drawn here, by subject: scores on it are not comparable with scores on the published split"
)


class Splitter(Protocol):
    """Assigns documents to splits, and knows what to say about it."""

    @property
    def splits(self) -> frozenset[str]:
        """The splits that must not be empty."""

    def named(self, admissions: pl.Series) -> pl.Series:
        """Return those of the admissions that are in a split."""

    def assign(self, documents: pl.DataFrame) -> pl.DataFrame:
        """Add ``split`` to documents that have ``subject``, ``admission`` and ``codes``."""

    def notices(self) -> list[str]:
        """Return what a reader of the corpus has to know."""

    def absent(self, present: Container[str]) -> dict[str, Any]:
        """Return by split the admissions that are not present, though the split file names them."""


class GivenSplit:
    """The split of a file.

    Attributes
    ----------
    splits
        Those that it names, each of which needs a document.

    """

    def __init__(self, files: SplitFiles) -> None:
        self._files = files
        self._split_of = split_of = files.read()
        self._frame = pl.DataFrame(
            {"admission": [int(admission) for admission in split_of], "split": list(split_of.values())},
            schema={"admission": pl.Int64, "split": pl.String},
        )
        self.splits = frozenset(split_of.values())

    def named(self, admissions: pl.Series) -> pl.Series:
        """Return those of the admissions that the file names.

        Raises
        ------
        SourceError
            If there are none.

        """
        named = admissions.filter(admissions.is_in(self._frame["admission"].implode()))
        if named.is_empty():
            raise SourceError(
                f"names {self._frame.height:,} admissions, and none of them has codes here",
                path=self._files.paths[0],
                remedy="Check that the raw files and the split file are of the same data set",
            )
        return named

    def assign(self, documents: pl.DataFrame) -> pl.DataFrame:
        """Add the split of every document's admission."""
        return documents.join(self._frame, on="admission", maintain_order="left")

    def notices(self) -> list[str]:
        """Say what is special about the files."""
        return list(self._files.notices)

    def absent(self, present: Container[str]) -> dict[str, Any]:
        """Return by split how many admissions of the file are not present, and the first of them."""
        return absent_admissions(self._split_of, present)


class DrawnSplit:
    """A split of one's own, stratified over subjects."""

    def __init__(self, *, validation: float, test: float, seed: int) -> None:
        self._shares: Mapping[str, Any] = {"validation": validation, "test": test, "seed": seed}
        # Drawing makes every split that was asked for; what a pipeline drops later is not its doing.
        self.splits: frozenset[str] = frozenset()

    def named(self, admissions: pl.Series) -> pl.Series:
        """Return all of the admissions."""
        return admissions

    def assign(self, documents: pl.DataFrame) -> pl.DataFrame:
        """Draw the split of every document, all of a subject's together."""
        codes = documents["codes"].list.eval(pl.element().struct.field("code")).to_list()
        split_of = split_by_subject(documents["subject"].to_list(), codes, **self._shares)
        return documents.with_columns(
            split=pl.col("subject").replace_strict(split_of, return_dtype=pl.String)
        )

    def notices(self) -> list[str]:
        """Say that the split is no published one."""
        return [_OWN_SPLIT]

    def absent(self, present: Container[str]) -> dict[str, Any]:
        """Return nothing: there is no file to lack anything of."""
        return {}
