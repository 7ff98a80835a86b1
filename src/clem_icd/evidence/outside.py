"""The notes of predicted evidence that a corpus does not have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clem_icd.corpus import Corpus, Evidence
from clem_icd.errors import ScoresError

__all__ = ["notes_outside"]


def notes_outside(corpus: Corpus, predicted: Mapping[str, Sequence[Evidence]]) -> set[str]:
    """Return the ids of the notes that have predicted spans and are in no split of a corpus.

    Raises
    ------
    ScoresError
        If these are most of the notes with spans, as in evidence of another corpus.

    """
    notes = {note_id for note_id, spans in predicted.items() if spans}
    outside = notes.difference(*(corpus.note_ids(split) for split in corpus.splits))
    if 2 * len(outside) > len(notes):
        found = "its only note is" if len(notes) == 1 else f"{len(outside):,} of its {len(notes):,} notes are"
        raise ScoresError(
            f"the evidence is of another corpus: {found} not in {corpus.path}",
            remedy="Name the corpus whose notes were explained",
        )
    return outside
