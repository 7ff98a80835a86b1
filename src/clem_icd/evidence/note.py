"""A note with the evidence that coders marked in it, and the evidence that a system gives."""

from __future__ import annotations

from dataclasses import dataclass

from clem_icd.corpus import Evidence

__all__ = ["JudgedNote"]


@dataclass(frozen=True)
class JudgedNote:
    """A note, what coders marked in it, and what a system gives.

    Attributes
    ----------
    note_id
        The note.
    stay
        What the same words for the same code count once in: the admission, or the note where none is known.
    text
        The raw text.
    gold, predicted
        Spans in the order of their files; neither has to be sorted, and the same span may be there twice.

    """

    note_id: str
    stay: str
    text: str
    gold: tuple[Evidence, ...]
    predicted: tuple[Evidence, ...]
