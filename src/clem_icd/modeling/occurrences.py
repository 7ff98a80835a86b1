"""Where the features of a text vectorizer stand in the raw text."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix


def words_of_vectorizer(text: str, vectorizer: Any) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the words that a vectorizer finds in a text, lower-cased, and their offsets in the raw text.

    Parameters
    ----------
    text
        The raw text.
    vectorizer
        A vectorizer of scikit-learn that lower-cases and has a ``token_pattern`` without groups.

    Returns
    -------
    tuple
        Words [words], and their begin and end, half-open, in characters [words, 2].

    """
    lower = text.lower()
    found = list(re.finditer(vectorizer.token_pattern, lower))
    offsets = np.array([match.span() for match in found], dtype=np.int64).reshape(-1, 2)
    if len(lower) != len(text):
        # "İ" becomes two characters when lower-cased; no character becomes none.
        raw = np.repeat(np.arange(len(text)), [len(character.lower()) for character in text])
        offsets = np.stack([raw[offsets[:, 0]], raw[offsets[:, 1] - 1] + 1], axis=1)
    return [match.group() for match in found], offsets


def parts_of_features(words: list[str], vectorizer: Any) -> csr_matrix:
    """Return which part of each feature falls on each word, as a sparse matrix [words, features].

    A feature is a run of words. Its occurrences have equal parts, and so have the words of an occurrence. The
    parts of a feature sum to 1, or there are none if it does not occur.
    """
    rows: list[int] = []
    columns: list[int] = []
    parts: list[float] = []
    shortest, longest = vectorizer.ngram_range
    occurrences = np.zeros(len(vectorizer.vocabulary_), dtype=np.int64)
    for length in range(shortest, longest + 1):
        for first in range(len(words) - length + 1):
            feature = vectorizer.vocabulary_.get(" ".join(words[first : first + length]))
            if feature is not None:
                occurrences[feature] += 1
                rows.extend(range(first, first + length))
                columns.extend([feature] * length)
                parts.extend([1 / length] * length)
    values = np.array(parts) / occurrences[np.array(columns, dtype=np.int64)]
    return csr_matrix((values, (rows, columns)), shape=(len(words), len(occurrences)))
