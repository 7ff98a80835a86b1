"""The words of a note, the units in which evidence is shown, and the stretches that hold them together."""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Words", "read_words", "sentences_at", "words_of"]

# Runs of letters and digits, and what joins two of them: "5-HT", "N17.9", "12/5", "3,5", "38°C". A full stop
# after three letters ends a sentence whose blank was forgotten. A "+" or "%" may follow: "K+", "45%".
# Every alternative begins with other characters, so that the time is linear.
_WORD = (
    r"[^\W_](?:[^\W_]|[{extending}]|[-\u2010\u2011/'\u2019_°\u00ad](?=[^\W_])"
    r"|\.(?=\d)|(?<![^\W\d_]{{3}})\.(?=[^\W_])|(?<=\d),(?=\d))*(?:[+%]++(?![^\W_])[{extending}]*)?"
)
_JOINERS = "\u200c\u200d"
"""Zero-width characters that shape the letters around them."""

_LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_ENDS = re.compile(
    rf"(?P<sure>[{_LINE_ENDS}]|[!?;\u2026](?=\s)|(?<=[^\W\d_]{{3}})\.(?=[^\W\d_]|\s))|\.(?=\s+(?P<next>\S))"
)

_ENGLISH = (
    "a an and as at be by for from her his in into is its of on or that the their this to was were with"
)
_SPANISH = "a al con de del e el en es la las lo los o para por se su sus u un una y"
STOP_WORDS = frozenset(f"{_ENGLISH} {_SPANISH}".split())
"""Words without content of their own, in English and Spanish; negations are not among them."""


@dataclass(frozen=True, eq=False)
class Words:
    """The words of a note, in order.

    Attributes
    ----------
    places
        Begin and end of each word, half-open, in characters [words, 2].
    sentences
        The number of its sentence or, if that goes over several lines, of its part on one line [words].
    content
        Whether it is a word with content of its own, not a stop word [words].

    """

    places: npt.NDArray[np.int64]
    sentences: npt.NDArray[np.int64]
    content: npt.NDArray[np.bool_]


def words_of(text: str) -> npt.NDArray[np.int64]:
    """Return the begin and end of every word, half-open, in characters [words, 2].

    A word begins with a letter or a digit. It includes the combining marks that follow a character, in any
    script, so that a decomposed accent is never cut off. Emoji and other symbols are not words.
    """
    found = [match.span() for match in _pattern(_extending(text)).finditer(text)]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def read_words(text: str, read: int) -> Words:
    """Return the words of a text that end in its first ``read`` characters, with their sentences."""
    places = words_of(text)
    places = places[places[:, 1] <= read]
    content = [text[begin:end].lower() not in STOP_WORDS for begin, end in places.tolist()]
    return Words(places, sentences_at(text, places[:, 0]), np.array(content, dtype=np.bool_))


def sentences_at(text: str, characters: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the number of the sentence that some characters of a text are in, from 0 [characters].

    A sentence ends at a full stop, question mark, exclamation mark or semicolon before a blank, and at the
    end of a line. A full stop after one or two letters or a number, before a word in lower case, is that of
    an abbreviation.
    """
    ends = np.array([match.start() for match in _ENDS.finditer(text) if _is_end(match)], dtype=np.int64)
    return np.searchsorted(ends, characters)


def _is_end(match: re.Match[str]) -> bool:
    return match["sure"] is not None or not match["next"].islower()


def _extending(text: str) -> str:
    """Return the characters of a text that belong to the character before them."""
    if text.isascii():
        return _JOINERS
    return _JOINERS + "".join(sorted(c for c in set(text) if unicodedata.category(c).startswith("M")))


@functools.lru_cache(maxsize=64)
def _pattern(extending: str) -> re.Pattern[str]:
    # No combining mark means anything inside the brackets of a pattern.
    return re.compile(_WORD.format(extending=extending))
