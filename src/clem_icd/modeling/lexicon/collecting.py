"""Collecting phrases from training notes: marked evidence, names of codes, and runs that predict a code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from clem_icd.modeling.lexicon.arrays import Floats, Ints, Numbers, incidence, places
from clem_icd.modeling.lexicon.grams import Runs, runs_in
from clem_icd.modeling.lexicon.titles import TitleIndex
from clem_icd.modeling.lexicon.words import Words

__all__ = ["Annotation", "CodedNote", "by_names", "by_prediction", "by_spans", "predicts"]

_LONGEST_MARKED = 12
"""Words of the longest phrase that is taken from evidence."""

_LONGEST_MINED = 4
_NAMED = 0.75
"""The share of a run that must be in the names of a code to stand for it."""

_SHARE, _LIFT, _TIMES = 0.1, 3.0, 2
"""A run predicts a code if this share of its notes has it, this many times as often as other notes, and at
least so many notes have both."""

_MOST_RUNS = 300_000
_BUCKETS = 1 << 24
_ROWS_AT_ONCE = 20_000


class Annotation(NamedTuple):
    """A phrase that stands for a code in a training note.

    Attributes
    ----------
    stems
        Its stems, in order.
    note, code
        The number of the note, and the place of the code in the code space.

    """

    stems: tuple[int, ...]
    note: int
    code: int


@dataclass(frozen=True, eq=False)
class CodedNote:
    """A training note.

    Attributes
    ----------
    words
        Its content words.
    codes
        Its codes, as places in the code space, ascending [codes].
    spans
        Marked evidence: the code, the first word, and the one after the last.

    """

    words: Words
    codes: Ints
    spans: tuple[tuple[int, int, int], ...] = ()


def by_spans(notes: Sequence[CodedNote]) -> Iterator[Annotation]:
    """Yield the phrases that coders marked.

    Consecutive spans of one code in one sentence are the parts of an interrupted mention, as CodiEsp marks
    them, and make one phrase.
    """
    for number, note in enumerate(notes):
        for code, members in _mentions(note):
            if len(members) <= _LONGEST_MARKED:
                yield Annotation(tuple(note.words.stems[members].tolist()), number, code)


def _mentions(note: CodedNote) -> list[tuple[int, list[int]]]:
    mentions: list[tuple[int, list[int]]] = []
    for code, begin, end in note.spans:
        members = list(range(begin, end))
        if mentions and mentions[-1][0] == code and _continues(note.words, mentions[-1][1][-1], begin):
            mentions[-1][1].extend(members)
        else:
            mentions.append((code, members))
    return mentions


def _continues(words: Words, last: int, begin: int) -> bool:
    return last < begin and bool(words.sentences[last] == words.sentences[begin])


def by_names(notes: Sequence[CodedNote], titles: TitleIndex) -> Iterator[Annotation]:
    """Yield the runs of words that are mostly words of the names of one of the note's codes."""
    stems = titles.stems_of_codes()
    rarity, unknown = titles.sets.rarity, float(titles.sets.rarity.max(initial=1))
    for number, note in enumerate(notes):
        runs = runs_in(note.words, _LONGEST_MINED)
        if not len(note.codes) or not len(runs.numbers):
            continue
        columns = places(titles.sets.stems, note.words.stems)
        weights = np.where(columns >= 0, rarity[columns], unknown)
        named = stems[note.codes].toarray()[:, columns] * np.where(columns >= 0, weights, 0)
        share = _sums(named, runs) / _sums(weights[None], runs)
        for row, run in zip(*np.nonzero(share >= _NAMED), strict=True):
            members = note.words.stems[runs.begins[run] : runs.ends[run]]
            yield Annotation(tuple(members.tolist()), number, int(note.codes[row]))


def _sums(values: Any, runs: Runs) -> Any:
    """Return the sum of the values of each run's words [rows, runs]."""
    before = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    return before[:, runs.ends] - before[:, runs.begins]


def by_prediction(
    notes: Sequence[CodedNote], codes: int, folds: Ints
) -> Iterator[tuple[tuple[int, ...], int]]:
    """Yield runs of words with a code that they may predict, as stems in order and the code's place.

    Among these are all pairs that `predicts` accepts without any one of the folds. So a choice among them by
    the notes of other folds says nothing about the codes of a fold.

    Parameters
    ----------
    notes
        The training notes.
    codes
        The number of codes of the code space.
    folds
        The fold of each note, from 0 [notes].

    """
    numbers = _frequent_runs(notes)
    occurrences = incidence(
        [_known(numbers, runs_in(note.words, _LONGEST_MINED).numbers) for note in notes], len(numbers)
    )
    gold = incidence([note.codes for note in notes], codes)
    # Of any fold without which a pair may be accepted, the run and the code have at least so many notes left.
    with_run, with_code = _left(occurrences, folds), _left(gold, folds)
    by_run = occurrences.T.tocsr()
    chosen: list[Numbers] = []
    chosen_codes: list[Ints] = []
    for begin in range(0, len(numbers), _ROWS_AT_ONCE):
        both = (by_run[begin : begin + _ROWS_AT_ONCE] @ gold).tocoo()
        kept = predicts(both.data, with_run[begin + both.row], with_code[both.col], len(notes))
        chosen.append(numbers[begin + both.row[kept]])
        chosen_codes.append(both.col[kept].astype(np.int64))
    yield from _with_stems(notes, np.concatenate(chosen), np.concatenate(chosen_codes)) if chosen else ()


def predicts(both: Any, run: Any, code: Any, notes: float) -> Any:
    """Return whether runs predict codes, given the notes with both, run, code, and all of them [pairs]."""
    share = both / np.maximum(run, 1)
    return (both >= _TIMES) & (share >= _SHARE) & (share >= _LIFT * code / max(1.0, notes))


def _left(rows: Any, folds: Ints) -> Floats:
    """Return the fewest rows with each column that are left without any one fold [columns]."""
    counts = np.stack(
        [
            np.asarray(rows[folds == fold].sum(axis=0), dtype=np.float32).ravel()
            for fold in range(int(folds.max(initial=0)) + 1)
        ]
    )
    left: Floats = counts.sum(axis=0) - counts.max(axis=0)
    return left


def _known(numbers: Numbers, wanted: Numbers) -> Ints:
    found = np.unique(places(numbers, wanted))
    return found[found >= 0]


def _frequent_runs(notes: Sequence[CodedNote]) -> Numbers:
    """Return the runs that occur in at least two notes, or in as many as keep their number bounded."""
    # Counts of buckets of runs first: rare runs are most of all, and would take most of the memory.
    counts = np.zeros(_BUCKETS, dtype=np.uint32)
    for distinct in _distinct_runs(notes):
        counts[np.unique(_bucket(distinct))] += np.uint32(1)
    likely = [distinct[counts[_bucket(distinct)] >= _TIMES] for distinct in _distinct_runs(notes)]
    numbers, frequency = np.unique(np.concatenate(likely), return_counts=True)
    least = _TIMES
    while np.count_nonzero(frequency >= least) > _MOST_RUNS:
        least += 1
    return numbers[frequency >= least]


def _distinct_runs(notes: Iterable[CodedNote]) -> Iterator[Numbers]:
    for note in notes:
        yield np.unique(runs_in(note.words, _LONGEST_MINED).numbers)


def _bucket(numbers: Numbers) -> Any:
    return numbers >> np.uint64(40)


def _with_stems(
    notes: Sequence[CodedNote], numbers: Numbers, codes: Ints
) -> Iterator[tuple[tuple[int, ...], int]]:
    """Yield pairs with the stems of their runs in place of the numbers."""
    distinct, of_pair = np.unique(numbers, return_inverse=True)
    stems: list[tuple[int, ...] | None] = [None] * len(distinct)
    for note in notes:
        runs = runs_in(note.words, _LONGEST_MINED)
        found = places(distinct, runs.numbers)
        for run in np.flatnonzero(found >= 0):
            if stems[found[run]] is None:
                stems[found[run]] = tuple(note.words.stems[runs.begins[run] : runs.ends[run]].tolist())
    for place, code in zip(of_pair, codes, strict=True):
        run_stems = stems[place]
        if run_stems is not None:
            yield run_stems, int(code)
