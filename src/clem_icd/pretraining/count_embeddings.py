"""Initial token embeddings from co-occurrence counts: tokens with similar contexts are close.

They are the rows of a truncated singular value decomposition of the positive pointwise mutual information
between tokens, with singular values to the power of 0.5 and context counts smoothed to the power of 0.75
(Levy, Goldberg and Dagan 2015, Improving Distributional Similarity, 3). Computing them takes about a minute.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.utils.extmath import randomized_svd

from clem_icd.pretraining.tokens import TokenFile

_WINDOW = 5  # tokens to each side
_SMOOTHING = 0.75
_TOKENS_AT_ONCE = 2_000_000
_MAX_TOKENS = 30_000_000


def count_embeddings(texts: TokenFile, vocabulary: int, width: int, *, seed: int) -> npt.NDArray[np.float32]:
    """Return an embedding per token; over all of them, values have mean 0 and variance 1 [vocabulary, width].

    Parameters
    ----------
    texts
        Tokens of texts; the first 30 million are counted.
    vocabulary, width
        Number of tokens, and length of an embedding. Memory is about ``10 * vocabulary**2`` bytes.
    seed
        Seed of the randomized decomposition.

    """
    counts = _cooccurrences(texts, vocabulary)
    information = _pointwise_information(counts)
    rank = min(width, vocabulary - 1)
    left, values, _ = randomized_svd(information, rank, n_iter=3, random_state=seed)
    vectors = np.zeros((vocabulary, width), dtype=np.float32)
    vectors[:, :rank] = left * np.sqrt(values)
    vectors -= vectors.mean(axis=0)
    deviation = float(vectors.std())
    return vectors / deviation if deviation else vectors


def _cooccurrences(texts: TokenFile, vocabulary: int) -> npt.NDArray[np.float32]:
    """Count how often two tokens occur within a window of the same text [vocabulary, vocabulary]."""
    counts = np.zeros(vocabulary * vocabulary, dtype=np.float32)
    size = min(texts.size, _MAX_TOKENS)
    for begin in range(0, size, _TOKENS_AT_ONCE):
        end = min(begin + _TOKENS_AT_ONCE, size)
        ids, sequences = texts.piece(begin, end), texts.sequences(begin, end)
        for distance in range(1, _WINDOW + 1):
            same = sequences[distance:] == sequences[:-distance]
            pairs = ids[:-distance][same] * vocabulary + ids[distance:][same]
            cells, times = np.unique(pairs, return_counts=True)
            counts[cells] += times
    square = counts.reshape(vocabulary, vocabulary)
    return square + square.T


def _pointwise_information(counts: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Turn counts into positive pointwise mutual information, in place."""
    tokens = counts.sum(axis=1)
    contexts = tokens**_SMOOTHING
    contexts /= max(float(contexts.sum()), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        for row, count in zip(counts, np.maximum(tokens, 1), strict=True):
            row /= count * contexts
        np.log(counts, out=counts)
    np.nan_to_num(counts, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    np.maximum(counts, 0.0, out=counts)
    return counts
