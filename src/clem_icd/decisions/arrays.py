"""The arrays that every metric takes: their types, their checks, and iteration in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clem_icd.errors import ScoresError

__all__ = ["BoolArray", "FloatArray", "IntArray", "check_arrays", "check_train_counts", "ratio", "row_chunks"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]

_CELLS_PER_CHUNK = 1 << 22
"""At most about 100 MB of temporary arrays, whatever the number of notes."""


def check_arrays(targets: BoolArray, scores: FloatArray) -> None:
    """Raise unless targets and scores can be compared.

    Raises
    ------
    ScoresError
        If one is not an array, the shapes differ or are not [notes, labels], a type is wrong, the arrays
        are empty, or a score is NaN.

    """
    if not (isinstance(targets, np.ndarray) and isinstance(scores, np.ndarray)):
        raise ScoresError(
            f"targets are of type {type(targets).__name__} and scores of type {type(scores).__name__}, "
            "expected numpy arrays",
            remedy="Convert them with numpy.asarray",
        )
    if targets.shape != scores.shape or scores.ndim != 2:
        raise ScoresError(
            f"targets have shape {targets.shape} and scores {scores.shape}, expected both [notes, labels]",
            remedy="Score the same notes with the same label space as the targets",
        )
    if 0 in scores.shape:
        raise ScoresError(
            f"nothing to evaluate: {scores.shape[0]} notes and {scores.shape[1]} labels",
            remedy="Choose a split with notes",
        )
    if targets.dtype != np.bool_ or not np.issubdtype(scores.dtype, np.floating):
        raise ScoresError(
            f"targets have dtype {targets.dtype} and scores {scores.dtype}, expected bool and a float dtype",
            remedy="Convert them, for example with targets.astype(bool)",
        )
    for rows in row_chunks(scores):
        missing = np.isnan(scores[rows]).any(axis=1)
        if missing.any():
            raise ScoresError(
                "a score is NaN, expected a number for every label",
                row=rows.start + int(missing.argmax()) + 1,
                remedy="Check whether training diverged, and score the notes again",
            )


def check_train_counts(train_counts: IntArray, labels: int) -> None:
    """Raise unless the training counts are one whole number per label.

    Raises
    ------
    ScoresError
        If ``train_counts`` is not an array of non-negative integers [labels].

    """
    if train_counts.shape != (labels,):
        raise ScoresError(
            f"training counts have shape {train_counts.shape}, expected ({labels},) for {labels} labels",
            remedy="Take the counts from the corpus that defines the label space",
        )
    if not np.issubdtype(train_counts.dtype, np.integer) or (train_counts < 0).any():
        raise ScoresError(
            f"training counts have dtype {train_counts.dtype} or negative values, "
            "expected non-negative integers",
            remedy="Count the training notes of each label",
        )


def row_chunks(values: FloatArray | BoolArray) -> Iterator[slice]:
    """Yield slices over the notes of ``values`` [notes, labels], each small enough to process in memory."""
    notes, labels = values.shape
    size = max(1, _CELLS_PER_CHUNK // labels)
    for begin in range(0, notes, size):
        yield slice(begin, min(begin + size, notes))


def ratio(numerator: Any, denominator: Any) -> NDArray[np.float64]:
    """Divide element by element; anything divided by 0 is 0, and no epsilon is added."""
    above = np.asarray(numerator, dtype=np.float64)
    below = np.asarray(denominator, dtype=np.float64)
    return np.divide(above, below, out=np.zeros(np.broadcast(above, below).shape), where=below != 0)
