"""How often training notes have a phrase, a code, and both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from clem_icd.modeling.lexicon.arrays import Floats, Ints, incidence
from clem_icd.modeling.lexicon.collecting import Annotation, CodedNote, predicts
from clem_icd.modeling.lexicon.grams import run_number
from clem_icd.modeling.lexicon.phrases import PhraseMatches, Phrases

__all__ = ["Tallies", "sum_of", "tally"]


@dataclass(frozen=True, eq=False)
class Tallies:
    """Numbers of notes.

    Attributes
    ----------
    notes
        All of them [1].
    with_code
        With each code [codes].
    exact, scattered
        With each phrase, word by word or in any way with all of its words [phrases].
    exact_both, scattered_both
        With the phrase and the code of each pair [pairs].
    annotated
        In which the phrase was marked, or named by the title, for the code [pairs].

    """

    notes: Floats
    with_code: Floats
    exact: Floats
    scattered: Floats
    exact_both: Floats
    scattered_both: Floats
    annotated: Floats

    def without(self, other: Tallies) -> Tallies:
        """Return the tallies of all notes but those of other tallies."""
        parts = (getattr(self, part.name) - getattr(other, part.name) for part in fields(self))
        return Tallies(*parts)

    def of_pairs(self, phrases: Ints, pairs: Ints) -> Tallies:
        """Return the tallies of some phrases and pairs only."""
        return Tallies(
            self.notes,
            self.with_code,
            self.exact[phrases],
            self.scattered[phrases],
            self.exact_both[pairs],
            self.scattered_both[pairs],
            self.annotated[pairs],
        )

    def valid(self, phrases: Phrases, *, marked: bool) -> Any:
        """Return which pairs these notes support: annotated, or a run that predicts the code [pairs].

        Where coders ``marked`` the phrases, only the former count: a pair of which other notes teach nothing
        but the numbers is only there because a note of the fold that is left out is marked so.
        """
        if marked:
            return self.annotated > 0
        run, code = self.exact[phrases.of_pair], self.with_code[phrases.codes]
        return (self.annotated > 0) | predicts(self.exact_both, run, code, float(self.notes[0]))


def sum_of(parts: Sequence[Tallies]) -> Tallies:
    """Return the tallies of all notes of some groups."""
    return Tallies(*(sum(getattr(one, part.name) for one in parts) for part in fields(Tallies)))


def tally(
    phrases: Phrases,
    notes: Sequence[CodedNote],
    matches: Sequence[PhraseMatches],
    annotations: Sequence[Annotation],
    folds: Ints,
    codes: int,
) -> list[Tallies]:
    """Return the tallies of each fold of the notes.

    Parameters
    ----------
    matches
        The phrases of each note [notes].
    annotations
        Where phrases stand for a code.
    folds
        The fold of each note, from 0 [notes].
    codes
        The number of codes.

    """
    exact = incidence([np.unique(found.exact.phrases) for found in matches], len(phrases))
    scattered = incidence(
        [np.union1d(found.exact.phrases, found.scattered.phrases) for found in matches], len(phrases)
    )
    gold = incidence([note.codes for note in notes], codes)
    marked = _marked(phrases, annotations, codes)
    return [
        _of_fold(phrases, np.flatnonzero(folds == fold), exact, scattered, gold, marked)
        for fold in range(int(folds.max(initial=-1)) + 1)
    ]


def _of_fold(
    phrases: Phrases, rows: Ints, exact: Any, scattered: Any, gold: Any, marked: tuple[Ints, Ints]
) -> Tallies:
    pairs, notes = marked
    inside = np.isin(notes, rows)
    return Tallies(
        np.array([len(rows)], dtype=np.float32),
        _column_sums(gold[rows]),
        _column_sums(exact[rows]),
        _column_sums(scattered[rows]),
        _both(phrases, exact[rows], gold[rows]),
        _both(phrases, scattered[rows], gold[rows]),
        np.bincount(pairs[inside], minlength=len(phrases.codes)).astype(np.float32),
    )


def _column_sums(matrix: Any) -> Floats:
    return np.asarray(matrix.sum(axis=0), dtype=np.float32).ravel()


def _both(phrases: Phrases, occurrences: Any, gold: Any) -> Floats:
    if not len(phrases):
        return np.zeros(0, dtype=np.float32)
    counts = (occurrences.T.tocsr() @ gold).tocsr()
    return np.asarray(counts[phrases.of_pair, phrases.codes], dtype=np.float32).ravel()


def _marked(phrases: Phrases, annotations: Sequence[Annotation], codes: int) -> tuple[Ints, Ints]:
    """Return the pair and the note of every annotation, each once."""
    found = np.array(
        [(run_number(np.array(one.stems, dtype=np.uint64)), one.note, one.code) for one in annotations],
        dtype=np.uint64,
    ).reshape(-1, 3)
    found = np.unique(found, axis=0)
    phrase = np.searchsorted(phrases.numbers, found[:, 0]).astype(np.int64)
    keys = phrases.of_pair * codes + phrases.codes
    return np.searchsorted(keys, phrase * codes + found[:, 2].astype(np.int64)), found[:, 1].astype(np.int64)
