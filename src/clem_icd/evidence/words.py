"""The words of a span, as MDACE's token scores count them."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["words_in"]

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


def _is_large_number(word: str) -> bool:
    # By digits, since Python does not parse integers of more than 4,300 digits.
    return word.isdecimal() and (any(map(int, word[:-2])) or int(word[-2:]) > 10)
