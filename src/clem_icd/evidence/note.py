"""A note with its gold and its predicted evidence."""

from __future__ import annotations

from dataclasses import dataclass

from clem_icd.corpus import Evidence

__all__ = ["JudgedNote"]


@dataclass(frozen=True)
class JudgedNote:
    """A note with the spans that coders marked, and the spans that a system predicted.

    Attributes
    ----------
    note_id
        The id of the note.
    stay
        The unit in which equal words for the same code count once: the admission, or the note if the
        admission is unknown.
    text
        The raw text.
    gold, predicted
        Spans in the order of their files, not necessarily sorted or distinct.

    """

    note_id: str
    stay: str
    text: str
    gold: tuple[Evidence, ...]
    predicted: tuple[Evidence, ...]
