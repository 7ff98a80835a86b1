"""The words of a note, the units in which evidence is shown."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

# Letters, digits and combining marks, and what stands between two of them: "5-HT", "N17.9", "12/5".
_WORD = re.compile(r"[^\W_](?:[\w\u0300-\u036f]|[-.,/'\u2019](?=[^\W_]))*")


def words_of(text: str) -> npt.NDArray[np.int64]:
    """Return the begin and end of every word, half-open, in characters [words, 2]."""
    found = [match.span() for match in _WORD.finditer(text)]
    return np.array(found, dtype=np.int64).reshape(-1, 2)
