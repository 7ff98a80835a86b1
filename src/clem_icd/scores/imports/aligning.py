"""Alignment of imported scores with the notes of a split and the labels of a corpus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from clem_icd.errors import ScoresError
from clem_icd.icd import Code
from clem_icd.scores.imports.external import Dense, ExternalCode, FloatArray, IntArray, Sparse

_VALUES_AT_ONCE = 8_000_000


def check_columns(labels: IntArray, codes: Sequence[ExternalCode], names: Sequence[Code]) -> None:
    """Refuse several columns for one label.

    Parameters
    ----------
    labels
        The label of each column, -1 for none [columns].
    codes
        The codes of the columns [columns].
    names
        The labels of the corpus [labels].

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
    raise ScoresError(f"has several columns for the label {names[label]}: {texts}", remedy="Keep one of them")


def merge_entries(entries: Sparse, rows: IntArray, labels: IntArray, *, highest: bool) -> Sparse:
    """Return the entries of matched notes and labels, sorted by row of the split and by label.

    Parameters
    ----------
    rows, labels
        The row of each note [notes of the file] and the label of each code [codes of the file], -1 for none.
    highest
        Keep the highest of several scores for a note and label instead of refusing them.

    Raises
    ------
    ScoresError
        If a note has two scores for a label; the message gives the record.

    """
    placed = Sparse(rows[entries.notes], labels[entries.codes], entries.values, entries.records)
    # For a note and label, the highest score comes first, and the earliest of equal scores.
    order = np.lexsort((placed.records, -placed.values, placed.codes, placed.notes))
    placed = _taken(placed, order[(placed.notes[order] >= 0) & (placed.codes[order] >= 0)])
    again = 1 + np.flatnonzero((np.diff(placed.notes) == 0) & (np.diff(placed.codes) == 0))
    if len(again) and not highest:
        row = int(np.maximum(placed.records[again], placed.records[again - 1]).min())
        raise ScoresError("duplicate note and code", row=row, remedy="Keep one of the records")
    return _taken(placed, np.delete(np.arange(len(placed.notes)), again))


def sparse_rows(entries: Sparse, shape: tuple[int, int]) -> Iterator[FloatArray]:
    """Yield the scores of each note of a split [labels] from the result of `merge_entries`.

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
    transform: Callable[[FloatArray], FloatArray] | None = None,
) -> Iterator[FloatArray]:
    """Yield the scores of each note of a split [labels], with zeros where the file has none.

    Parameters
    ----------
    rows, labels
        The row of each note [notes of the file] and the label of each code [codes of the file], -1 for none.
    shape
        The numbers of notes and labels.
    transform
        A transformation of the scores of the file.

    """
    place = np.full(shape[0], -1, np.int64)
    place[rows[rows >= 0]] = np.flatnonzero(rows >= 0)
    columns = np.flatnonzero(labels >= 0)
    for note in place:
        row = np.zeros(shape[1], np.float32)
        if note >= 0:
            scores = values.values[note, columns]
            row[labels[columns]] = scores if transform is None else transform(scores)
        yield row


def score_range(scores: Dense | Sparse) -> tuple[float, float]:
    """Return the lowest and the highest score; 0 and 0 without scores.

    Raises
    ------
    ScoresError
        If a score is not finite as float32; the message gives the record.

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
            raise ScoresError("has a score that is not a finite number", row=row, remedy="Correct its score")
        lowest, highest = min(lowest, float(part.min())), max(highest, float(part.max()))
    return lowest, highest


def refuse_ranks(scores: Dense | Sparse) -> None:
    """Refuse scores that are 0, 1, 2, … or 1, 2, 3, … in every note: ranks, of which the best is the lowest.

    Raises
    ------
    ScoresError
        If all are, in any order, and one is above 1.

    """
    if _are_ranks(scores, 0) or _are_ranks(scores, 1):
        raise ScoresError(
            "has ranks as scores: 1, 2, 3, … (or from 0) for the codes of every note, so the best would "
            "score lowest",
            remedy="Write scores that are highest for the best code, such as 1 / rank",
        )


def _are_ranks(scores: Dense | Sparse, first: int) -> bool:
    """Return whether the scores of every note count from a first rank, in any order, beyond 1."""
    if isinstance(scores, Dense):
        ranks = np.arange(first, first + scores.values.shape[1])
        return ranks.max(initial=0) > 1 and all(np.array_equal(np.sort(row), ranks) for row in scores.values)
    order = np.lexsort((scores.values, scores.notes))
    notes = scores.notes[order]
    begins = np.flatnonzero(np.diff(notes, prepend=-1))
    ranks = np.arange(len(notes)) - np.repeat(begins, np.diff(begins, append=len(notes))) + first
    return bool(ranks.max(initial=0) > 1 and (scores.values[order] == ranks).all())


def sum_remarks(scores: Dense | Sparse) -> list[str]:
    """Return a sentence if the scores of every note sum to 1, as those of a softmax do; nothing otherwise."""
    if isinstance(scores, Dense):
        sums = scores.values.sum(axis=1, dtype=np.float64)
    else:
        sums = np.bincount(scores.notes, weights=scores.values)
    if len(sums) < 2 or not np.allclose(sums, 1, atol=1e-3) or scores.values.max(initial=0) > 1 - 1e-3:
        return []
    return [
        "The scores of every note sum to 1, as those of a softmax do: hardly any note can have two codes "
        "above 0.5. For single codes, apply a sigmoid"
    ]


def probability(logits: FloatArray) -> FloatArray:
    """Return the sigmoid of logits."""
    # The exponential of a non-positive number cannot overflow.
    small = np.exp(-np.abs(logits))
    probabilities: FloatArray = np.where(logits >= 0, np.float32(1), small) / (1 + small)
    return probabilities


def _taken(entries: Sparse, order: IntArray) -> Sparse:
    return Sparse(entries.notes[order], entries.codes[order], entries.values[order], entries.records[order])
