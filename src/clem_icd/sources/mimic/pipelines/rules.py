"""What a pipeline is, and which codes it keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from clem_icd.sources.document_tables import Compose

# Adds the split to documents that have their codes, and drops documents without a split.
Assign = Callable[[pl.DataFrame], pl.DataFrame]

Subset = Literal["full", "50", "clean"]
# Makes documents from notes and codes, with sentences about what it left out.
Prepare = Callable[[pl.DataFrame, pl.DataFrame, Assign, "Rules"], tuple[pl.DataFrame, list[str]]]


@dataclass(frozen=True, slots=True)
class Rules:
    """Which codes a pipeline keeps.

    Attributes
    ----------
    subset
        For MIMIC-III: all codes, the 50 most frequent ones, or those that are frequent enough.
    version
        For MIMIC-IV: the revision of ICD, 9 or 10.
    min_count
        The number of documents in which a code is frequent enough.

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
        Its name for ``--compat``.
    compose
        Makes the text of a document from those of its notes.
    mimic3, mimic4
        Make documents from the notes and codes of each; None where the pipeline does not have it.
    subsets
        The subsets of MIMIC-III that it has.
    selective
        Whether it counts nothing outside the split, so that notes and codes there can stay unread.
    keeps_missing
        Whether a note without text is joined like any other, and an admission with only empty codes stays.

    """

    name: str
    compose: Compose
    mimic3: Prepare
    mimic4: Prepare | None
    subsets: tuple[Subset, ...] = ("full", "50", "clean")
    selective: bool = True
    keeps_missing: bool = False
