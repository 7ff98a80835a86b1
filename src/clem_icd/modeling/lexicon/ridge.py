"""Ridge regression from the vocabulary of a note to its codes.

Words and pairs of words, weighted by TF-IDF, are projected to as many dimensions as the training notes span,
at most ``_DIMENSIONS``. Regression in these dimensions equals regression on the words themselves while the
notes are fewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, diags
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits

from clem_icd.modeling.lexicon.arrays import Floats, Ints, Numbers, places
from clem_icd.modeling.lexicon.grams import runs_in
from clem_icd.modeling.lexicon.words import Words

__all__ = ["Ridge", "fit_ridge"]

_LONGEST = 2
_DIMENSIONS = 512
_FEATURES = 30_000
_LEAST_NOTES = 2
_PENALTY = 0.3


@dataclass(frozen=True, eq=False)
class Ridge:
    """A fitted regression.

    Attributes
    ----------
    numbers
        The runs of words that are features, ascending [features].
    idf
        Their weights [features].
    projection
        From features to dimensions [features, dimensions].
    weights, bias
        From dimensions to codes [dimensions, learned], [learned].
    learned
        The codes with training notes, as places in the code space, ascending [learned].

    """

    numbers: Numbers
    idf: Floats
    projection: Floats
    weights: Floats
    bias: Floats
    learned: Ints

    def scores(self, words: Words) -> Floats:
        """Return the score of every learned code for a note [learned]."""
        row = _tfidf([words], self.numbers, self.idf)
        scores: Floats = (row @ self.projection @ self.weights)[0] + self.bias
        return scores


def fit_ridge(notes: Sequence[Words], gold: Any, folds: Ints, seed: int) -> tuple[Ridge, Floats]:
    """Fit the regression, and score each training note by one without the notes of its fold.

    Parameters
    ----------
    notes
        The training notes [notes].
    gold
        Their codes, sparse [notes, codes].
    folds
        The fold of each note, from 0 [notes].
    seed
        For the projection of many notes.

    Returns
    -------
    tuple
        The regression, and the scores of the training notes [notes, learned].

    """
    numbers, frequency = np.unique(
        np.concatenate([np.unique(runs_in(words, _LONGEST).numbers) for words in notes]), return_counts=True
    )
    kept = np.flatnonzero(frequency >= min(_LEAST_NOTES, len(notes)))
    kept = np.sort(kept[np.argsort(-frequency[kept], kind="stable")[:_FEATURES]])
    numbers = numbers[kept]
    idf = (np.log((len(notes) + 1) / (frequency[kept] + 1)) + 1).astype(np.float32)
    features = _tfidf(notes, numbers, idf)
    learned = np.unique(gold.indices).astype(np.int64)
    targets = gold[:, learned]
    # One thread: with several, sums have another order, and the model other bytes, on every machine.
    with threadpool_limits(1):
        projection = _projection(features, seed)
        inputs = features @ projection
        held_out = np.zeros(targets.shape, dtype=np.float32)
        for fold in range(int(folds.max(initial=-1)) + 1):
            own, others = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
            # Not even rounding depends on how many codes the fold has to itself.
            shared = np.unique(targets[others].indices)
            weights, bias = _fit(inputs[others], targets[others][:, shared])
            held_out[np.ix_(own, shared)] = inputs[own] @ weights + bias
        weights, bias = _fit(inputs, targets)
    return Ridge(numbers, idf, projection, weights, bias, learned), held_out


def _projection(features: Any, seed: int) -> Floats:
    """Return orthonormal directions that the notes span, or the most important of them."""
    if min(features.shape) <= _DIMENSIONS:
        values, vectors = np.linalg.eigh((features @ features.T).toarray().astype(np.float64))
        real = values > 1e-9 * values.max(initial=1)
        directions = features.T @ (vectors[:, real] / np.sqrt(values[real]))
    else:
        _, _, rows = randomized_svd(features, _DIMENSIONS, n_iter=4, random_state=seed)
        directions = rows.T
    return np.ascontiguousarray(directions, dtype=np.float32)


def _fit(inputs: Floats, targets: Any) -> tuple[Floats, Floats]:
    """Return the weights and the bias by some notes: how often each code occurs, without any word."""
    bias = np.asarray(targets.mean(axis=0, dtype=np.float64), dtype=np.float32).ravel()
    square = inputs.T @ inputs + _PENALTY * np.eye(inputs.shape[1], dtype=np.float32)
    product = (targets.T @ inputs).T - np.outer(inputs.sum(axis=0), bias)
    return np.linalg.solve(square, product).astype(np.float32), bias


def _tfidf(notes: Sequence[Words], numbers: Numbers, idf: Floats) -> Any:
    """Return notes as rows of length 1, with logarithmic counts [notes, features]."""
    columns, values, starts = [], [], [0]
    for words in notes:
        runs, counts = np.unique(runs_in(words, _LONGEST).numbers, return_counts=True)
        found = places(numbers, runs)
        known = found >= 0
        columns.append(found[known])
        values.append(1 + np.log(counts[known]))
        starts.append(starts[-1] + int(known.sum()))
    matrix = csr_matrix(
        (np.concatenate(values).astype(np.float32), np.concatenate(columns), starts),
        shape=(len(notes), len(numbers)),
    )
    matrix = matrix @ diags(idf)
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return csr_matrix(diags(1 / np.maximum(lengths, 1e-9)) @ matrix, dtype=np.float32)
