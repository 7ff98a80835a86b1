"""Foreign scores brought into the order of a split's notes and a corpus's labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from clem_icd.errors import ScoresError
from clem_icd.icd import Code
from clem_icd.scores.imports.foreign import Dense, FloatArray, ForeignCode, IntArray, Sparse

_VALUES_AT_ONCE = 8_000_000


def check_columns(labels: IntArray, codes: Sequence[ForeignCode], names: Sequence[Code]) -> None:
    """Refuse two columns of one label.

    Parameters
    ----------
    labels
        The label of every column, -1 for none [columns].
    codes
        The columns [columns].
    names
        The labels of the corpus.

    Raises
    ------
    ScoresError
        Naming the label.

    """
    known, counts = np.unique(labels[labels >= 0], return_counts=True)
    if not (counts > 1).any():
        return
    label = known[counts > 1][0]
    texts = " and ".join(codes[column].text for column in np.flatnonzero(labels == label).tolist())
    raise ScoresError(f"has several columns of the label {names[label]}: {texts}", remedy="Keep one of them")


def merge_entries(entries: Sparse, rows: IntArray, labels: IntArray, *, highest: bool) -> Sparse:
    """Return the entries of known notes and labels, by row of the split and label, in their order.

    Parameters
    ----------
    rows, labels
        Where the notes and the codes of the file are, -1 for nowhere.
    highest
        Keep the highest of several scores for a note and label, instead of refusing them.

    Raises
    ------
    ScoresError
        If a note has a label twice; it names the record.

    """
    placed = Sparse(rows[entries.notes], labels[entries.codes], entries.values, entries.records)
    # Of one note and label the highest first, and of equal scores the earliest.
    order = np.lexsort((placed.records, -placed.values, placed.codes, placed.notes))
    placed = _taken(placed, order[(placed.notes[order] >= 0) & (placed.codes[order] >= 0)])
    again = 1 + np.flatnonzero((np.diff(placed.notes) == 0) & (np.diff(placed.codes) == 0))
    if len(again) and not highest:
        row = int(np.maximum(placed.records[again], placed.records[again - 1]).min())
        raise ScoresError("repeats a note and code of an earlier record", row=row, remedy="Keep one of them")
    return _taken(placed, np.delete(np.arange(len(placed.notes)), again))


def sparse_rows(entries: Sparse, shape: tuple[int, int]) -> Iterator[FloatArray]:
    """Yield the scores of every note of a split [labels], from what `merge_entries` returns.

    Parameters
    ----------
    shape
        The numbers of notes and labels.

    """
    limits = np.searchsorted(entries.notes, np.arange(shape[0] + 1))
    for begin, end in pairwise(limits):
        row = np.zeros(shape[1], np.float32)
        row[entries.codes[begin:end]] = entries.values[begin:end]
        yield row


def dense_rows(
    values: Dense,
    rows: IntArray,
    labels: IntArray,
    shape: tuple[int, int],
    change: Callable[[FloatArray], FloatArray] | None = None,
) -> Iterator[FloatArray]:
    """Yield the scores of every note of a split [labels], zeros where the file has none.

    Parameters
    ----------
    rows, labels
        Where the notes and the codes of the file are, -1 for nowhere.
    shape
        The numbers of notes and labels.
    change
        Applied to the scores of the file.

    """
    place = np.full(shape[0], -1, np.int64)
    place[rows[rows >= 0]] = np.flatnonzero(rows >= 0)
    columns = np.flatnonzero(labels >= 0)
    for note in place:
        row = np.zeros(shape[1], np.float32)
        if note >= 0:
            scores = values.values[note, columns]
            row[labels[columns]] = scores if change is None else change(scores)
        yield row


def score_range(scores: Dense | Sparse) -> tuple[float, float]:
    """Return the lowest and the highest score, 0 and 0 if there is none.

    Raises
    ------
    ScoresError
        If a score is not finite as float32; it names the record.

    """
    values, lowest, highest = scores.values, np.inf, -np.inf
    if not values.size:
        return 0.0, 0.0
    step = max(1, _VALUES_AT_ONCE * len(values) // values.size)
    for start in range(0, len(values), step):
        part = values[start : start + step]
        if not np.isfinite(part).all():
            first = start + int(np.argwhere(~np.isfinite(part))[0][0])
            row = int(scores.records[first]) if isinstance(scores, Sparse) else first + 1
            raise ScoresError("has a score that is no finite number", row=row, remedy="Correct its score")
        lowest, highest = min(lowest, float(part.min())), max(highest, float(part.max()))
    return lowest, highest


def probability(logits: FloatArray) -> FloatArray:
    """Return the sigmoid of logits."""
    # The exponential of a negative number cannot overflow.
    small = np.exp(-np.abs(logits))
    probabilities: FloatArray = np.where(logits >= 0, np.float32(1), small) / (1 + small)
    return probabilities


def _taken(entries: Sparse, order: IntArray) -> Sparse:
    return Sparse(entries.notes[order], entries.codes[order], entries.values[order], entries.records[order])
