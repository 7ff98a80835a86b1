"""From the weights of tokens to the spans that a reader sees."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydantic import Field

from clem_icd.explanation.token_weights import TokenWeights
from clem_icd.explanation.words import words_of
from clem_icd.fields import Fields
from clem_icd.modeling.system import Span


class SpanRule(Fields):
    """How much of the support for a code a word needs to be marked, and how marked words become spans.

    Attributes
    ----------
    cut
        The share of the support for a code above which a word is marked. A code may have no such word.
    gap
        Marked words become one span if at most this many other words lie between them.
    most
        The most spans of a code; those with the highest share are kept.

    """

    cut: float = Field(default=0.05, ge=0, le=1)
    gap: int = Field(default=1, ge=0)
    most: int = Field(default=5, ge=1)


def word_shares(text: str, weights: TokenWeights) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return the words of a text [words, 2], and their shares in the support for a label [labels, words].

    A token belongs to the word in which it ends; one that ends outside of every word, such as punctuation,
    belongs to none, and its share is left out.
    """
    words = words_of(text)
    shares = np.zeros((len(weights.weights), len(words) + 1), dtype=np.float32)
    if len(words):
        ends = weights.offsets[:, 1]
        of_token = np.searchsorted(words[:, 0], ends, side="left") - 1
        inside = (of_token >= 0) & (ends <= words[of_token, 1])
        of_token = np.where(inside, of_token, len(words))
        np.add.at(shares.T, of_token, weights.shares.T)
    return words, shares[:, : len(words)]


def spans_of(text: str, weights: TokenWeights, rule: SpanRule) -> list[tuple[Span, ...]]:
    """Return the spans of each label in text order; their weight is their share of the support [labels]."""
    words, shares = word_shares(text, weights)
    return [_spans(text, words, own, rule) for own in shares]


def _spans(
    text: str, words: npt.NDArray[np.int64], shares: npt.NDArray[np.float32], rule: SpanRule
) -> tuple[Span, ...]:
    marked = np.flatnonzero(shares > rule.cut)
    if not len(marked):
        return ()
    runs: list[list[int]] = [[int(marked[0])]]
    for word in marked[1:].tolist():
        last = runs[-1][-1]
        near = word - last <= rule.gap + 1
        if near and "\n" not in text[words[last, 1] : words[word, 0]]:
            runs[-1].append(word)
        else:
            runs.append([word])
    spans = [Span(int(words[run[0], 0]), int(words[run[-1], 1]), float(shares[run].sum())) for run in runs]
    best = sorted(spans, key=lambda span: -span.weight)[: rule.most]
    return tuple(sorted(best))
