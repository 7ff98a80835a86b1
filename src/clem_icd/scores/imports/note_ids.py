"""Notes as a file names them, found among those of a split."""

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
from clem_icd.scores.imports.foreign import IntArray
from clem_icd.scores.imports.tables import LONGEST_NAME

NoteKey = Literal["note_id", "admission_id"]
NOTE_KEYS: tuple[NoteKey, ...] = ("note_id", "admission_id")


@dataclass(frozen=True, slots=True)
class NoteMatch:
    """Where the notes of a file are in a split.

    Attributes
    ----------
    rows
        The row of every note in the split, -1 where there is none [notes of the file].
    by
        What they are named by.
    note_ids
        The notes of the split [notes of the split].
    unknown
        Names of notes that are not in the split.

    """

    rows: IntArray
    by: NoteKey
    note_ids: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def missing(self) -> IntArray:
        """The rows of the split that the file has nothing for."""
        return np.setdiff1d(np.arange(len(self.note_ids)), self.rows)


def match_notes(names: Sequence[str], corpus: Corpus, split: str, by: NoteKey | None) -> NoteMatch:
    """Find every note of a file, by note id or by admission.

    Parameters
    ----------
    by
        What the file names them by; None for whichever more of its names are of, anywhere in the corpus.

    Raises
    ------
    ScoresError
        If it names admissions that have several notes in the split.
    CorpusError
        If the corpus has no such split.

    """
    table = corpus.frame(split).select(NOTE_KEYS).collect()
    key = by or _fitting_key(names, corpus)
    keys = table[key].to_list()
    _refuse_several(names, keys, split)
    row_of = {name: row for row, name in enumerate(keys)}
    rows = np.array([row_of.get(name, -1) for name in names], np.int64)
    unknown = tuple(name for name in names if name not in row_of)
    return NoteMatch(rows, key, tuple(table["note_id"]), unknown)


def refuse_unknown_notes(match: NoteMatch, corpus: Corpus, split: str) -> None:
    """Refuse notes that are not in the split, and say if they are in another one.

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
        remedy="Name the right corpus and --split, what --by names notes by, or pass --unknown drop",
    )


def refuse_missing_notes(match: NoteMatch, split: str) -> None:
    """Refuse a file that has nothing for some notes of the split.

    Raises
    ------
    ScoresError
        With their number.

    """
    if len(match.missing):
        raise ScoresError(
            f"{len(match.missing):,} of the {len(match.note_ids):,} notes of {split} are not in it, the "
            f"first is {match.note_ids[match.missing[0]]}",
            remedy="Score every note, or pass --missing zero if the system gave these no code",
        )


def _fitting_key(names: Sequence[str], corpus: Corpus) -> NoteKey:
    table = pl.concat(corpus.frame(split).select(NOTE_KEYS) for split in corpus.splits).collect()
    return max(NOTE_KEYS, key=lambda key: len(set(table[key]).intersection(names)))


def _refuse_several(names: Sequence[str], keys: Sequence[str | None], split: str) -> None:
    several = {key for key, count in Counter(keys).items() if count > 1 and key is not None}
    unclear = several.intersection(names)
    if unclear:
        raise ScoresError(
            f"{len(unclear):,} of its admissions have several notes in {split}",
            remedy="Name notes by their note_id, or use a corpus with a note an admission",
        )
