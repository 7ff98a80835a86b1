"""Detection of texts that equal, contain, or are taken from a text that must not be read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from zlib import crc32

import numpy as np
import numpy.typing as npt

_SHINGLE_WORDS = 8
_SHARED = 0.5  # share of the shingles of the shorter text
# A shingle in more excluded texts than this belongs to a form and is not evidence of copying.
_BOILERPLATE = 20

_WORD = re.compile(r"\w+")
_BASE = np.uint64(0x100000001B3)


class NearCopies:
    """Finds near-copies of excluded texts by shared shingles, which are runs of eight words.

    Two texts are near-copies if the other one contains at least half of the shingles of the shorter one,
    ignoring case and punctuation. This covers extracts of an excluded text, and texts that contain one. A
    text of fewer than eight words is a near-copy only of a text with the same words. Shingles in more than
    twenty excluded texts do not count.

    Parameters
    ----------
    excluded
        The texts that must not be read; only their hashes are kept.

    """

    def __init__(self, excluded: Iterable[str]) -> None:
        shingles = [_shingles(text) for text in excluded]
        hashes = np.concatenate(shingles) if shingles else np.empty(0, dtype=np.uint64)
        texts = np.repeat(np.arange(len(shingles)), [len(one) for one in shingles])
        _, which, times = np.unique(hashes, return_inverse=True, return_counts=True)
        self._sizes = np.bincount(texts[times[which] <= _BOILERPLATE], minlength=len(shingles))
        order = np.argsort(hashes, kind="stable")
        self._hashes, self._texts = hashes[order], texts[order]

    def __contains__(self, text: object) -> bool:
        """Return whether a text is a near-copy of an excluded one."""
        if not isinstance(text, str) or not len(self._hashes):
            return False
        mine = _shingles(text)
        begins = np.searchsorted(self._hashes, mine, side="left")
        ends = np.searchsorted(self._hashes, mine, side="right")
        counts = ends - begins
        rare = (counts > 0) & (counts <= _BOILERPLATE)
        shared: Counter[int] = Counter()
        for begin, end in zip(begins[rare], ends[rare], strict=True):
            shared.update(self._texts[begin:end].tolist())
        size = len(mine) - int(np.count_nonzero(counts > _BOILERPLATE))
        return any(count >= _SHARED * min(size, self._sizes[other]) for other, count in shared.items())


def _shingles(text: str) -> npt.NDArray[np.uint64]:
    """Return the hash of every distinct shingle, ascending; a shorter text is a single shingle."""
    words = np.array([crc32(word.encode()) for word in _WORD.findall(text.lower())], dtype=np.uint64)
    if not len(words):
        return np.empty(0, dtype=np.uint64)
    width = min(_SHINGLE_WORDS, len(words))
    # The number of words is part of the hash, so a short text does not match part of a longer one.
    runs = np.full(len(words) - width + 1, width, dtype=np.uint64)
    for at in range(width):
        runs = runs * _BASE + words[at : len(words) - width + 1 + at]
    return np.unique(runs)
