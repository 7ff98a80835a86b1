"""Normalising spans before they are compared, with the options of MDACE's evaluator."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import replace

from clem_icd.corpus import Evidence

__all__ = ["merge_adjacent", "trim"]

_TRIMMED = "-.,/ \n\t"
_BETWEEN = frozenset(string.punctuation + string.whitespace)


def merge_adjacent(spans: Sequence[Evidence], text: str) -> list[Evidence]:
    """Join spans of one code that are separated only by ASCII punctuation and whitespace.

    Spans are sorted by their begin, ties in the given order, and each is compared only with its predecessor:
    a span of another code between two spans keeps them separate. A merged span ends where its last part ends,
    even if an earlier part ends later, as in MDACE's evaluator.
    """
    merged: list[Evidence] = []
    for span in sorted(spans, key=lambda one: one.begin):
        last = merged[-1] if merged else None
        if last and last.code == span.code and _BETWEEN.issuperset(text[last.end : span.begin]):
            merged[-1] = replace(last, end=span.end)
        else:
            merged.append(span)
    return merged


def trim(span: Evidence, text: str) -> Evidence:
    """Strip hyphens, full stops, commas, slashes, spaces, tabs and newlines from both ends of a span.

    Closing parentheses are also stripped on the left, and opening ones on the right. A span of only such
    characters becomes an empty span at its end, and still counts.
    """
    covered = text[span.begin : span.end]
    begin = span.end - len(covered.lstrip(_TRIMMED + ")"))
    end = begin + len(text[begin : span.end].rstrip(_TRIMMED + "("))
    return replace(span, begin=begin, end=end)
