"""Splitting notes so that no subject is in two splits, and every code is in as many splits as possible."""

from __future__ import annotations

import random
from array import array
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from clem_icd.corpus.schema import SPLITS
from clem_icd.errors import CorpusError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Stands in for the codes of an uncoded note, so that such notes are spread like those with a code.
_NO_CODE = ("a note without codes",)


# The libraries that do this (iterative-stratification, scikit-multilearn) need a dense matrix of examples and
# labels, and do not support groups such as subjects.
def split_by_subject(
    subjects: Sequence[str],
    codes: Sequence[Iterable[Hashable]],
    *,
    validation: float = 0.1,
    test: float = 0.15,
    seed: int = 10,
) -> dict[str, str]:
    """Assign every subject to a split, keeping all of a subject's notes together.

    Iterative stratification (Sechidis, Tsoumakas and Vlahavas, 2011, algorithm 1) with subjects as examples,
    their codes as labels, and notes as the unit in which splits count examples and labels. The code with
    the fewest subjects left goes first; each of these subjects goes to the split that lacks the most notes
    with that code. A split that has its share of the notes gets no more, so shares are met up to the notes
    of a subject or two. A code with only one or two subjects is in train.

    The result depends on the set of subjects, the codes of their notes and the seed, but not on the order
    of the notes.

    Parameters
    ----------
    subjects
        The subject of every note [notes]; a subject occurs once per note.
    codes
        The codes of every note [notes]. Their ``repr`` must be the same in every process, as it is for
        strings and for `Code`.
    validation, test
        Shares of the notes, between 0 and 1. With a share of 0 there is no such split.

    Returns
    -------
    dict
        Subject to split.

    Raises
    ------
    CorpusError
        If the shares leave nothing for training, or a requested split gets no subject.

    """
    if min(validation, test) < 0 or validation + test >= 1:
        raise CorpusError(
            f"shares of {validation} for validation and {test} for test leave nothing for training",
            remedy="Choose shares that sum to less than 1",
        )
    dealer = random.Random(seed)
    notes = Counter(subjects)
    wanted = _notes_wanted(len(subjects), validation=validation, test=test)
    _require_all(len(notes), wanted, validation=validation, test=test)
    order = _dealing_order(notes, dealer)
    counts = _count_codes(subjects, codes, order, dealer)
    table = _Table(counts, [notes[subject] for subject in order], list(wanted.values()))
    table.deal(dealer)
    splits = list(wanted)
    return {subject: splits[place] for subject, place in zip(order, table.placed, strict=True)}


def _notes_wanted(notes: int, *, validation: float, test: float) -> dict[str, int]:
    """Return the number of notes for every split, leaving out splits of size zero."""
    held_out = {"validation": round(validation * notes), "test": round(test * notes)}
    wanted = {"train": notes - sum(held_out.values()), **held_out}
    return {split: count for split, count in wanted.items() if count}


def _require_all(subjects: int, wanted: Mapping[str, int], *, validation: float, test: float) -> None:
    shares = {"train": 1.0, "validation": validation, "test": test}
    without_notes = [split for split in SPLITS if shares[split] > 0 and split not in wanted]
    empty = without_notes or list(wanted)[subjects:]
    if empty:
        raise CorpusError(
            f"{subjects} subjects are too few: no notes for {' and '.join(empty)}",
            remedy="Add notes, or set the share of that split to 0",
        )


def _dealing_order(notes: Mapping[str, int], dealer: random.Random) -> list[str]:
    """Return every subject once, those with the most notes first, so that the others can even them out."""
    order = sorted(notes)
    dealer.shuffle(order)
    return sorted(order, key=notes.__getitem__, reverse=True)


def _count_codes(
    subjects: Sequence[str], codes: Sequence[Iterable[Hashable]], order: Sequence[str], dealer: random.Random
) -> csr_array:
    """Return the number of notes of each subject with each code [subjects, codes], codes in random order."""
    # Imported here: few of those who open a corpus draw a split.
    from scipy.sparse import csr_array

    row_of = {subject: row for row, subject in enumerate(order)}
    column_of: dict[Hashable, int] = {}
    rows, columns = array("q"), array("q")
    for subject, own in zip(subjects, codes, strict=True):
        for code in set(own) or {_NO_CODE}:
            rows.append(row_of[subject])
            columns.append(column_of.setdefault(code, len(column_of)))
    # A set of strings has a different order in every process.
    names = sorted(column_of, key=repr)
    dealer.shuffle(names)
    shuffled = np.empty(len(names), dtype=np.int64)
    shuffled[[column_of[name] for name in names]] = np.arange(len(names))
    pairs = np.frombuffer(rows, np.int64), shuffled[np.frombuffer(columns, np.int64)]
    return csr_array((np.ones(len(rows), np.int64), pairs), (len(order), len(names)))


class _Table:
    """The subjects that are not placed yet, and what every split still needs.

    Attributes
    ----------
    placed
        The split of every subject, -1 before it is placed [subjects].

    """

    def __init__(self, counts: csr_array, notes: Sequence[int], wanted: Sequence[int]) -> None:
        self.placed = np.full(len(notes), -1)
        self._codes_of = counts
        self._subjects_with = counts.tocsc()
        self._subjects_left = np.diff(self._subjects_with.indptr)
        self._codes_wanted = np.outer(counts.sum(axis=0), np.divide(wanted, sum(wanted)))
        self._notes = notes
        self._notes_wanted = list(wanted)
        self._unused = set(range(len(wanted)))
        self._waiting = len(notes)

    def deal(self, dealer: random.Random) -> None:
        """Place all subjects, starting with those of the code with the fewest subjects left."""
        while self._waiting:
            left = np.where(self._subjects_left > 0, self._subjects_left, len(self._notes) + 1)
            code = int(left.argmin())
            first, last = self._subjects_with.indptr[code : code + 2]
            for subject in self._subjects_with.indices[first:last].tolist():
                if self.placed[subject] < 0:
                    self._place(subject, self._best_for(code, dealer))

    def _best_for(self, code: int, dealer: random.Random) -> int:
        """Return the split that lacks the most notes with a code; in a tie, the most notes overall."""
        lacking = self._codes_wanted[code].tolist()
        wanted = self._notes_wanted
        # The last subjects are reserved for splits that would otherwise stay empty.
        open_ = self._unused if self._waiting <= len(self._unused) else range(len(wanted))
        return max(
            (split for split in open_ if wanted[split] > 0),
            key=lambda split: (lacking[split], wanted[split], dealer.random()),
        )

    def _place(self, subject: int, split: int) -> None:
        self.placed[subject] = split
        own = slice(*self._codes_of.indptr[subject : subject + 2])
        codes = self._codes_of.indices[own]
        self._codes_wanted[codes, split] -= self._codes_of.data[own]
        self._subjects_left[codes] -= 1
        self._notes_wanted[split] -= self._notes[subject]
        self._unused.discard(split)
        self._waiting -= 1
