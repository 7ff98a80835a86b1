"""The words of a span, as MDACE's token scores count them."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["words_in"]

_WORD = re.compile(r"\w+")


def words_in(text: str) -> Iterator[tuple[int, str]]:
    """Yield the words of a text in lower case, each with the character that it begins at.

    A word is a run of letters, digits and underscores. Numbers greater than 10 are left out (Cheng et al.
    2023, after Mullenbach et al. 2018). Offsets are into the text in lower case, which is longer than the
    text where it holds a letter such as the dotted capital I.
    """
    for match in _WORD.finditer(text.lower()):
        if not _is_large_number(match.group()):
            yield match.start(), match.group()


def _is_large_number(word: str) -> bool:
    # Digit by digit, as Python reads no number of more than 4,300 digits.
    return word.isdecimal() and (any(map(int, word[:-2])) or int(word[-2:]) > 10)
