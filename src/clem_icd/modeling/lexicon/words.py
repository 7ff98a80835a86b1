"""A note as its content words: stems as 64-bit numbers, with their positions in the raw text."""

from __future__ import annotations

import functools
import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from clem_icd.modeling.lexicon.arrays import Ints, Numbers
from clem_icd.modeling.lexicon.cognates import root
from clem_icd.modeling.lexicon.language import Language, function_words, stemmer, without_accents

__all__ = ["Words", "read_words", "stem_number"]

# Letters with their combining marks, or digits; a number keeps its decimals. An alternative per break, and
# repetitions that give nothing back, keep the matching linear.
_PIECE = re.compile(
    r"(?P<word>(?:[^\W\d_]++[\u0300-\u036f]*+)++|\d+(?:[.,]\d+)*)"
    r"|(?P<stop>[.!?;](?=\s|$)|\n[ \t\r]*(?=\n|[-*•]|\d{1,2}[.)]\s))"
)
_LONGEST_WORD = 64


@dataclass(frozen=True, eq=False)
class Words:
    """The content words of a note, in order.

    Attributes
    ----------
    stems
        The stem of each word, as a number above 0 [words].
    roots
        The root that it shares with cognates, as a number; 0 without one [words].
    begins, ends
        Its position in the raw text, half-open, in characters [words].
    sentences
        The number of its sentence, ascending from 0 [words].

    """

    stems: Numbers
    roots: Numbers
    begins: Ints
    ends: Ints
    sentences: Ints

    def __len__(self) -> int:
        return len(self.stems)


def read_words(text: str, language: Language) -> Words:
    """Return the content words of a text."""
    stems, roots, begins, ends, sentences = [], [], [], [], []
    sentence = 0
    numbers = _numbers(language)
    for piece in _PIECE.finditer(text):
        word = piece["word"]
        if word is None:
            sentence += 1
            continue
        stem, cognate = numbers(word[:_LONGEST_WORD])
        if stem:
            stems.append(stem)
            roots.append(cognate)
            begins.append(piece.start())
            ends.append(piece.end())
            sentences.append(sentence)
    return Words(
        np.array(stems, dtype=np.uint64),
        np.array(roots, dtype=np.uint64),
        np.array(begins, dtype=np.int64),
        np.array(ends, dtype=np.int64),
        np.array(sentences, dtype=np.int64),
    )


def stem_number(stem: str) -> int:
    """Return the number that stands for a stem: 64 bits of its BLAKE2b hash, the same everywhere."""
    return int.from_bytes(hashlib.blake2b(stem.encode(), digest_size=8).digest(), "little") or 1


@functools.cache
def _numbers(language: Language) -> Callable[[str], tuple[int, int]]:
    """Return the function from a word to the numbers of its stem and root; both 0 without content."""
    stem, empty = stemmer(language), function_words(language)

    @functools.lru_cache(maxsize=500_000)
    def numbers(word: str) -> tuple[int, int]:
        lower = unicodedata.normalize("NFC", word).lower()
        if without_accents(lower) in empty:
            return 0, 0
        cognate = root(lower)
        return stem_number(stem(lower)), stem_number(f"root of {cognate}") if cognate else 0

    return numbers
