"""Synthetic notes of exact lengths: words of the synthetic hospital, cut where a length is reached."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from transformers import PreTrainedTokenizerBase

from clem_icd.modeling import WholeReading, count_tokens
from clem_icd.synthetic import USUAL_WORDS, summary_texts

SEED = 0
"""Of the synthetic hospital, and of the places at which notes begin."""

_UNCUT = WholeReading(max_tokens=1_000_000)

# A cut may split a word that then has one token more or less.
_NEARBY = (0, -1, 1, -2, 2, -3, 3)


class DrawnNotes:
    """A source of notes, the same for every source of the same length.

    Parameters
    ----------
    longest
        The length of the longest note that will be drawn.
    tokenizer
        Counts the length in tokens, special tokens included; without one, it is in words.

    """

    def __init__(self, longest: int, tokenizer: PreTrainedTokenizerBase | None = None) -> None:
        self._tokenizer = tokenizer
        self._random = np.random.default_rng(SEED)
        # A token is at most a word. Twice as many words, so that notes can begin at different places.
        self._text = _words_of_summaries(2 * longest)
        self._words = [(found.start(), found.end()) for found in re.finditer(r"\S+", self._text)]

    def draw(self, lengths: Sequence[int]) -> list[str]:
        """Return a note of each length [lengths]."""
        return [self._draw(length) for length in lengths]

    @property
    def tokens_per_word(self) -> float:
        """The mean number of tokens of a word; 1 without a tokenizer."""
        if self._tokenizer is None:
            return 1.0
        [tokens] = count_tokens(self._tokenizer, [self._text])
        return float(tokens) / len(self._words)

    def _draw(self, length: int) -> str:
        first = int(self._random.integers(0, len(self._words) - length + 1))
        begin, end = self._words[first][0], self._words[first + length - 1][1]
        text = self._text[begin:end]
        return text if self._tokenizer is None else _cut(text, length, self._tokenizer)


def _words_of_summaries(words: int) -> str:
    """Return at least so many words of discharge summaries."""
    texts: list[str] = []
    found = 0
    while found < words:
        # The hospital continues the same sequence; that it begins anew costs little.
        texts = list(summary_texts(2 * len(texts) + 2 + words // USUAL_WORDS, SEED))
        found = sum(len(text.split()) for text in texts)
    counts = accumulate(len(text.split()) for text in texts)
    needed = next(number for number, count in enumerate(counts, start=1) if count >= words)
    return "\n\n".join(texts[:needed])


def _cut(text: str, length: int, tokenizer: PreTrainedTokenizerBase) -> str:
    """Return the beginning of a text that has a length in tokens."""
    [note] = _UNCUT.read(tokenizer, [text], offsets=True)
    if note.offsets is None:
        raise TypeError("a note that is read with offsets has them")
    ends = note.offsets[note.offsets[:, 1] > 0, 1]
    content = length - (note.total - len(ends))
    cuts = [text[: ends[content - 1 + step]] for step in _NEARBY if 0 < content + step <= len(ends)]
    counts = count_tokens(tokenizer, cuts)
    return cuts[int(np.abs(counts - length).argmin())]
