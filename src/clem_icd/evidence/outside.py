"""The notes of predicted evidence that a corpus does not have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

import polars as pl

from clem_icd.corpus import Corpus, Evidence
from clem_icd.errors import ScoresError

__all__ = ["notes_outside"]


def notes_outside(corpus: Corpus, predicted: Mapping[str, Sequence[Evidence]]) -> set[str]:
    """Return the ids of the notes that have predicted spans and are in no split of a corpus.

    The corpus may hold some of the explained notes only, such as those of one kind.

    Raises
    ------
    ScoresError
        If these are most of the notes with spans, and most annotated notes of every split have none, as with
        evidence of another corpus.

    """
    notes = {note_id for note_id, spans in predicted.items() if spans}
    outside = notes.difference(*(corpus.note_ids(split) for split in corpus.splits))
    if 2 * len(outside) > len(notes) and not _explains_a_split(corpus, notes):
        found = "its only note is" if len(notes) == 1 else f"{len(outside):,} of its {len(notes):,} notes are"
        raise ScoresError(
            f"the evidence belongs to another corpus: {found} not in {corpus.path}",
            remedy="Name the corpus whose notes were explained",
        )
    return outside


def _explains_a_split(corpus: Corpus, notes: AbstractSet[str]) -> bool:
    """Return whether some notes are at least half of the annotated notes of any split."""
    for split in corpus.splits:
        annotated = corpus.frame(split).filter(pl.col("evidence").list.len() > 0).select("note_id").collect()
        ids = set(annotated["note_id"].to_list())
        if ids and 2 * len(ids & notes) >= len(ids):
            return True
    return False
