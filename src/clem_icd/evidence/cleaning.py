"""Spans made comparable before they are scored, as the evaluator of MDACE offers."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import replace

from clem_icd.corpus import Evidence

__all__ = ["merge_adjacent", "trim"]

_TRIMMED = "-.,/ \n\t"
_BETWEEN = frozenset(string.punctuation + string.whitespace)


def merge_adjacent(spans: Sequence[Evidence], text: str) -> list[Evidence]:
    """Join spans of one code between which the text has nothing but ASCII punctuation and blanks.

    Spans are taken by where they begin, those that begin together in the order given, and each is compared
    with the one before it only: a span of another code in between keeps two apart. A merged span ends where
    the later one does, also if that lies inside the earlier one; so does the evaluator's.
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
    """Take hyphens, stops, commas, slashes, blanks, tabs and line ends off both ends of a span.

    A closing parenthesis goes on the left as well, an opening one on the right. A span of nothing else
    becomes an empty one at its end, and still counts.
    """
    covered = text[span.begin : span.end]
    begin = span.end - len(covered.lstrip(_TRIMMED + ")"))
    end = begin + len(text[begin : span.end].rstrip(_TRIMMED + "("))
    return replace(span, begin=begin, end=end)
