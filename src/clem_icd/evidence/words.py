"""The words of a note and of a span, as the metrics count them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from clem_icd.corpus import Evidence

__all__ = ["word_offsets", "words_in", "words_touched"]

_WORD = re.compile(r"\w+")


def words_in(text: str) -> Iterator[tuple[int, str]]:
    """Yield the words of a text in lower case, each with the offset at which it begins.

    A word is a run of letters, digits and underscores. Numbers greater than 10 are omitted (Cheng et al.
    2023, after Mullenbach et al. 2018). Offsets are into the lower-cased text, which is longer than the text
    itself if that contains letters such as the dotted capital I.
    """
    for match in _WORD.finditer(text.lower()):
        if not _is_large_number(match.group()):
            yield match.start(), match.group()


def word_offsets(text: str) -> npt.NDArray[np.int64]:
    """Return the begin and end of every word of a raw text, numbers included [words, 2]."""
    found = [match.span() for match in _WORD.finditer(text)]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def words_touched(words: npt.NDArray[np.int64], spans: Iterable[Evidence]) -> list[range]:
    """Return the words that each span overlaps, by their positions in the text; maybe none [spans].

    Parameters
    ----------
    words
        The result of `word_offsets`.

    """
    return [
        range(
            int(np.searchsorted(words[:, 1], span.begin, side="right")),
            int(np.searchsorted(words[:, 0], span.end, side="left")),
        )
        for span in spans
    ]


def _is_large_number(word: str) -> bool:
    # By digits, since Python does not parse integers of more than 4,300 digits.
    return word.isdecimal() and (any(map(int, word[:-2])) or int(word[-2:]) > 10)
