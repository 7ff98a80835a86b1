"""Assigning documents to splits: from a published file, or drawn here."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Protocol

import polars as pl

from clem_icd.corpus import split_by_subject
from clem_icd.errors import SourceError
from clem_icd.tabular.split_files import SplitFiles, absent_admissions

_OWN_SPLIT = (
    "The split was drawn here, by subject: scores on it cannot be compared with scores on the published split"
)


class Splitter(Protocol):
    """Assigns documents to splits."""

    @property
    def splits(self) -> frozenset[str]:
        """The splits that must not be empty."""

    def assigned(self, admissions: pl.Series) -> pl.Series:
        """Return the admissions that are in a split."""

    def assign(self, documents: pl.DataFrame) -> pl.DataFrame:
        """Add ``split`` to documents that have ``subject``, ``admission`` and ``codes``."""

    def notices(self) -> list[str]:
        """Return sentences about the split that users of the corpus should read."""

    def absent(self, present: Container[str]) -> dict[str, Any]:
        """Return, for each split, the admissions in the split file that are not present."""


class GivenSplit:
    """A split that files define.

    Attributes
    ----------
    splits
        The splits in the files, each of which needs a document.

    """

    def __init__(self, files: SplitFiles) -> None:
        self._files = files
        self._split_of = split_of = files.read()
        self._frame = pl.DataFrame(
            {"admission": [int(admission) for admission in split_of], "split": list(split_of.values())},
            schema={"admission": pl.Int64, "split": pl.String},
        )
        self.splits = frozenset(split_of.values())

    def assigned(self, admissions: pl.Series) -> pl.Series:
        """Return the admissions that are in the files.

        Raises
        ------
        SourceError
            If there are none.

        """
        assigned = admissions.filter(admissions.is_in(self._frame["admission"].implode()))
        if assigned.is_empty():
            raise SourceError(
                f"lists {self._frame.height:,} {'admission' if self._frame.height == 1 else 'admissions'}, "
                "none of which has codes in the raw files",
                path=self._files.paths[0],
                remedy="Check that the raw files and the split file belong to the same data set",
            )
        return assigned

    def assign(self, documents: pl.DataFrame) -> pl.DataFrame:
        """Add the split of its admission to every document; drop documents without a split."""
        return documents.join(self._frame, on="admission", maintain_order="left")

    def notices(self) -> list[str]:
        """Return sentences about the files."""
        return list(self._files.notices)

    def absent(self, present: Container[str]) -> dict[str, Any]:
        """Return, for each split, how many of its admissions are not present, and the first of them."""
        return absent_admissions(self._split_of, present)


class DrawnSplit:
    """A split drawn by subject, stratified by codes."""

    def __init__(self, *, validation: float, test: float, seed: int) -> None:
        self._shares: Mapping[str, Any] = {"validation": validation, "test": test, "seed": seed}
        # Drawing fills every requested split; what a pipeline drops later is not its concern.
        self.splits: frozenset[str] = frozenset()

    def assigned(self, admissions: pl.Series) -> pl.Series:
        """Return all admissions."""
        return admissions

    def assign(self, documents: pl.DataFrame) -> pl.DataFrame:
        """Draw the split of every document, keeping all of a subject's documents together."""
        codes = documents["codes"].list.eval(pl.element().struct.field("code")).to_list()
        split_of = split_by_subject(documents["subject"].to_list(), codes, **self._shares)
        return documents.with_columns(
            split=pl.col("subject").replace_strict(split_of, return_dtype=pl.String)
        )

    def notices(self) -> list[str]:
        """Return a sentence saying that the split was drawn."""
        return [_OWN_SPLIT]

    def absent(self, present: Container[str]) -> dict[str, Any]:
        """Return nothing: there is no file that could list absent admissions."""
        return {}
