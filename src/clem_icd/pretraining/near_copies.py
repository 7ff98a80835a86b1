"""Texts that are, or contain, or come from a text that must not be read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from zlib import crc32

import numpy as np
import numpy.typing as npt

_WORDS = 8  # of a shingle
_SHARED = 0.5  # of the shingles of the shorter of two texts
# What this many of the texts share is a form that was filled in, and says nothing of copying.
_BOILERPLATE = 20

_WORD = re.compile(r"\w+")
_BASE = np.uint64(0x100000001B3)


class NearCopies:
    """Finds near-copies of held-out texts: by the runs of eight words that two texts share.

    Two texts are near-copies if at least half of the runs of the shorter one occur in the other, case and
    punctuation aside. So an extract of a held-out text is one, and so is a text that one was taken from.
    A text of fewer than eight words is a near-copy only of the same words. Runs in more than
    twenty held-out texts do not count.

    Parameters
    ----------
    held_out
        The texts that must not be read. They are not kept.

    """

    def __init__(self, held_out: Iterable[str]) -> None:
        shingles = [_shingles(text) for text in held_out]
        hashes = np.concatenate(shingles) if shingles else np.empty(0, dtype=np.uint64)
        texts = np.repeat(np.arange(len(shingles)), [len(one) for one in shingles])
        _, which, times = np.unique(hashes, return_inverse=True, return_counts=True)
        self._sizes = np.bincount(texts[times[which] <= _BOILERPLATE], minlength=len(shingles))
        order = np.argsort(hashes, kind="stable")
        self._hashes, self._texts = hashes[order], texts[order]

    def __contains__(self, text: object) -> bool:
        """Tell whether a text is a near-copy of one that is held out."""
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
    """Return a hash of every distinct run of words, ascending; of all words where they are too few."""
    words = np.array([crc32(word.encode()) for word in _WORD.findall(text.lower())], dtype=np.uint64)
    if not len(words):
        return np.empty(0, dtype=np.uint64)
    width = min(_WORDS, len(words))
    # The number of words is part of the hash: a short text is no run of a longer one.
    runs = np.full(len(words) - width + 1, width, dtype=np.uint64)
    for at in range(width):
        runs = runs * _BASE + words[at : len(words) - width + 1 + at]
    return np.unique(runs)
