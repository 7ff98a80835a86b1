"""Matches the notes of a file to those of a split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from clem_icd.corpus import Corpus
from clem_icd.errors import ScoresError
from clem_icd.icd.systems import shown
from clem_icd.scores.imports.external import IntArray
from clem_icd.scores.imports.table_files import LONGEST_NAME

NoteKey = Literal["note_id", "admission_id"]
NOTE_KEYS: tuple[NoteKey, ...] = ("note_id", "admission_id")


@dataclass(frozen=True, slots=True)
class NoteMatch:
    """The notes of a file, matched to those of a split.

    Attributes
    ----------
    rows
        The row of each note in the split, -1 for none [notes of the file].
    by
        The key by which the file names notes.
    note_ids
        Ids of the notes of the split [notes of the split].
    unknown
        Names in the file that are not in the split.

    """

    rows: IntArray
    by: NoteKey
    note_ids: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def missing(self) -> IntArray:
        """The rows of the split that are missing from the file."""
        return np.setdiff1d(np.arange(len(self.note_ids)), self.rows)


def match_notes(names: Sequence[str], corpus: Corpus, split: str, by: NoteKey | None) -> NoteMatch:
    """Match the notes of a file by note id or by admission id.

    Parameters
    ----------
    by
        The key by which the file names notes; None for the one that matches more notes of the corpus.

    Raises
    ------
    ScoresError
        If the file names admissions with several notes in the split.
    CorpusError
        If the corpus has no such split.

    """
    table = corpus.frame(split).select(NOTE_KEYS).collect()
    key = by or _better_key(names, corpus)
    keys = table[key].to_list()
    _refuse_ambiguous_admissions(names, keys, split)
    row_of = {name: row for row, name in enumerate(keys)}
    rows = np.array([row_of.get(name, -1) for name in names], np.int64)
    unknown = tuple(name for name in names if name not in row_of)
    return NoteMatch(rows, key, tuple(table["note_id"]), unknown)


def refuse_unknown_notes(match: NoteMatch, corpus: Corpus, split: str) -> None:
    """Refuse notes that are not in the split, and name other splits that have them.

    Raises
    ------
    ScoresError
        With their number.

    """
    if not match.unknown:
        return
    elsewhere = {
        other: len(set(corpus.frame(other).select(match.by).collect()[match.by]).intersection(match.unknown))
        for other in corpus.splits
        if other != split
    }
    there = "".join(f"; {count:,} are in {other}" for other, count in elsewhere.items() if count)
    raise ScoresError(
        f"{len(match.unknown):,} of its {len(match.rows):,} notes (such as "
        f"{shown(match.unknown[0], LONGEST_NAME)}) are not in the split {split} by {match.by}{there}",
        remedy="Check the corpus, --split and --by, or pass --unknown drop",
    )


def refuse_missing_notes(match: NoteMatch, split: str) -> None:
    """Refuse a file that lacks notes of the split.

    Raises
    ------
    ScoresError
        With their number.

    """
    if len(match.missing):
        raise ScoresError(
            f"lacks {len(match.missing):,} of the {len(match.note_ids):,} notes of the split {split} "
            f"(first: {match.note_ids[match.missing[0]]})",
            remedy="Score every note, or pass --missing zero if the system assigned these no code",
        )


def _better_key(names: Sequence[str], corpus: Corpus) -> NoteKey:
    table = pl.concat(corpus.frame(split).select(NOTE_KEYS) for split in corpus.splits).collect()
    return max(NOTE_KEYS, key=lambda key: len(set(table[key]).intersection(names)))


def _refuse_ambiguous_admissions(names: Sequence[str], keys: Sequence[str | None], split: str) -> None:
    several = {key for key, count in Counter(keys).items() if count > 1 and key is not None}
    ambiguous = several.intersection(names)
    if ambiguous:
        raise ScoresError(
            f"{len(ambiguous):,} of its admissions have several notes in the split {split}",
            remedy="Name notes by their note_id, or use a corpus with one note per admission",
        )
