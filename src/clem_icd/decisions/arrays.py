"""The arrays that every metric takes: their types, the check they pass, and how they are walked through."""

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
    """Refuse targets and scores that cannot be compared.

    Raises
    ------
    ScoresError
        If one is no array, the shapes differ or are not [notes, labels], a type is wrong, there is
        nothing, or a score is NaN.

    """
    if not (isinstance(targets, np.ndarray) and isinstance(scores, np.ndarray)):
        raise ScoresError(
            f"targets are a {type(targets).__name__} and scores a {type(scores).__name__}, expected arrays "
            "of numpy",
            remedy="Convert them with numpy.asarray",
        )
    if targets.shape != scores.shape or scores.ndim != 2:
        raise ScoresError(
            f"targets have shape {targets.shape} and scores {scores.shape}, expected both [notes, labels]",
            remedy="Score the same notes and the same label space that the targets come from",
        )
    if 0 in scores.shape:
        raise ScoresError(
            f"there is nothing to evaluate: {scores.shape[0]} notes and {scores.shape[1]} labels",
            remedy="Choose a split that holds notes",
        )
    if targets.dtype != np.bool_ or not np.issubdtype(scores.dtype, np.floating):
        raise ScoresError(
            f"targets have type {targets.dtype} and scores {scores.dtype}, expected bool and a floating type",
            remedy="Convert them, for example with targets.astype(bool)",
        )
    for rows in row_chunks(scores):
        missing = np.isnan(scores[rows]).any(axis=1)
        if missing.any():
            raise ScoresError(
                "a score is NaN, expected a number for every label",
                row=rows.start + int(missing.argmax()) + 1,
                remedy="Look for a training that diverged, and score the notes again",
            )


def check_train_counts(train_counts: IntArray, labels: int) -> None:
    """Refuse counts of training notes that are not one whole number per label.

    Raises
    ------
    ScoresError
        If ``train_counts`` is not an integer array [labels] without negative numbers.

    """
    if train_counts.shape != (labels,):
        raise ScoresError(
            f"training counts of shape {train_counts.shape} for {labels} labels, expected shape ({labels},)",
            remedy="Take the counts from the corpus that the label space comes from",
        )
    if not np.issubdtype(train_counts.dtype, np.integer) or (train_counts < 0).any():
        raise ScoresError(
            f"training counts of type {train_counts.dtype}, expected whole numbers from 0 on",
            remedy="Count the training notes of each label",
        )


def row_chunks(values: FloatArray | BoolArray) -> Iterator[slice]:
    """Yield slices of the notes of ``values`` [notes, labels], each small enough to work on in memory."""
    notes, labels = values.shape
    size = max(1, _CELLS_PER_CHUNK // labels)
    for begin in range(0, notes, size):
        yield slice(begin, min(begin + size, notes))


def ratio(numerator: Any, denominator: Any) -> NDArray[np.float64]:
    """Divide element by element, with 0/0 = 0 and no epsilon anywhere."""
    above = np.asarray(numerator, dtype=np.float64)
    below = np.asarray(denominator, dtype=np.float64)
    return np.divide(above, below, out=np.zeros(np.broadcast(above, below).shape), where=below != 0)
