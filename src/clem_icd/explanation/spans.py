"""From the weights of tokens to the spans that a reader sees."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.sparse import csr_array

from clem_icd.explanation.token_weights import TokenWeights
from clem_icd.explanation.words import Words, read_words
from clem_icd.fields import Fields
from clem_icd.modeling.system import Span

__all__ = ["SpanRule", "spans_of", "word_shares"]


class SpanRule(Fields):
    """How much of the support for a code a word needs to be marked, and how marked words become spans.

    Attributes
    ----------
    cut
        The share of the support for a code above which a word is marked. A code may have no such word.
    spread
        The part of its share that a word first passes to each of the two words beside it, if only blanks
        are between them. Evidence is a phrase, of which many methods find one end.
    gap
        Marked words of one sentence on one line become one span if at most this many other words are between
        them; stop words do not count.
    most
        The most spans of a code; those with the highest share are kept.

    """

    cut: float = Field(default=0.05, ge=0, le=1)
    spread: float = Field(default=0, ge=0, le=0.5)
    gap: int = Field(default=1, ge=0)
    most: int = Field(default=5, ge=1)


def word_shares(
    text: str, weights: TokenWeights, spread: float = 0
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return the words of a text [words, 2], and their shares in the support for a label [labels, words].

    The share of a word is the sum of those of its tokens. A token that covers several words is divided among
    them by the number of characters; blanks and punctuation beside a word do not matter. A token without any
    part of a word, such as punctuation, belongs to none, and its share is left out: shares of words sum to 1
    at most. So is a word that was not read to its end.

    Parameters
    ----------
    text
        The raw note.
    weights
        The weights of its tokens.
    spread
        As in `SpanRule`.

    """
    words = read_words(text, weights.read)
    return words.places, _spread(_shares(words.places, weights), text, words, spread)


def spans_of(text: str, weights: TokenWeights, rule: SpanRule) -> list[tuple[Span, ...]]:
    """Return the spans of each label in text order [labels].

    They begin and end with a marked word and do not overlap. Their weight is the share of all of their words
    in the support for the label.
    """
    words = read_words(text, weights.read)
    shares = _spread(_shares(words.places, weights), text, words, rule.spread)
    return [_spans(words, own, rule) for own in shares]


def _shares(places: npt.NDArray[np.int64], weights: TokenWeights) -> npt.NDArray[np.float32]:
    """Return the shares of words in the support for each label [labels, words]."""
    begins, ends = weights.offsets.T
    first = np.searchsorted(places[:, 1], begins, side="right")
    counts = np.where(ends > begins, np.searchsorted(places[:, 0], ends, side="left") - first, 0)
    tokens = np.repeat(np.arange(len(counts)), counts)
    # The words of a token are consecutive.
    words = first[tokens] + np.arange(len(tokens)) - np.repeat(np.cumsum(counts) - counts, counts)
    overlap = np.minimum(places[words, 1], ends[tokens]) - np.maximum(places[words, 0], begins[tokens])
    parts = overlap / np.bincount(tokens, overlap, minlength=len(counts))[tokens]
    token_words = csr_array((parts, (words, tokens)), shape=(len(places), len(counts)))
    # Rounding must not make a share exceed a cut of 1.
    shares: npt.NDArray[np.float64] = (token_words @ weights.shares.T).T
    return np.minimum(shares, 1).astype(np.float32)


def _spread(
    shares: npt.NDArray[np.float32], text: str, words: Words, spread: float
) -> npt.NDArray[np.float32]:
    """Return shares of which words have passed a part to their neighbours [labels, words]; sums are kept."""
    if not spread:
        return shares
    between = zip(words.places[:-1, 1].tolist(), words.places[1:, 0].tolist(), strict=True)
    blank = np.array([not text[begin:end].strip() for begin, end in between], dtype=np.bool_)
    together = blank & (words.sentences[1:] == words.sentences[:-1])
    passed = shares * np.float32(spread)
    found = shares.copy()
    for giving, taking in ((slice(None, -1), slice(1, None)), (slice(1, None), slice(None, -1))):
        moved = passed[:, giving] * together
        found[:, giving] -= moved
        found[:, taking] += moved
    # Rounding must not make a share exceed a cut of 1.
    return np.clip(found, 0, 1)


def _spans(words: Words, shares: npt.NDArray[np.float32], rule: SpanRule) -> tuple[Span, ...]:
    marked = np.flatnonzero(shares > rule.cut)
    if not len(marked):
        return ()
    # Words with content before each word, and shares before each word and after the last one.
    before: npt.NDArray[np.int64] = np.cumsum(words.content) - words.content
    between: npt.NDArray[np.int64] = before[marked[1:]] - before[marked[:-1]] - words.content[marked[:-1]]
    apart = (between > rule.gap) | (words.sentences[marked[1:]] != words.sentences[marked[:-1]])
    firsts = marked[np.append(True, apart)]
    lasts = marked[np.append(apart, True)]
    sums = np.append(0, np.cumsum(shares, dtype=np.float64))
    totals = sums[lasts + 1] - sums[firsts]
    kept = np.sort(np.argsort(-totals, kind="stable")[: rule.most])
    return tuple(
        Span(
            int(words.places[firsts[one], 0]), int(words.places[lasts[one], 1]), min(float(totals[one]), 1.0)
        )
        for one in kept
    )
