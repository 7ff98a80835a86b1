"""The lines of a long note that have spans, with some context."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Excerpt", "excerpts"]

_LINES = 1  # before and after
_REACH = 240  # characters


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A stretch of a text.

    Attributes
    ----------
    begin, end
        Half-open offsets into the text.
    line
        The number of its first line, from 1.

    """

    begin: int
    end: int
    line: int


def excerpts(text: str, spans: Iterable[tuple[int, int]]) -> list[Excerpt]:
    """Return the lines of a text with spans, and one line before and after, in order and without overlap.

    Of very long lines, only what is within 240 characters of a span is included.

    Parameters
    ----------
    text
        The text to which the spans refer.
    spans
        Half-open offsets, in any order.

    """
    found: list[tuple[int, int]] = []
    for span_begin, span_end in sorted(spans):
        begin, end = _begin(text, span_begin), _end(text, span_end)
        if found and begin <= found[-1][1] + 1:
            begin, end = found[-1][0], max(found.pop()[1], end)
        found.append((begin, end))
    line, counted, numbered = 1, 0, []
    for begin, end in found:
        line += text.count("\n", counted, begin)
        counted = begin
        numbered.append(Excerpt(begin, end, line))
    return numbered


def _begin(text: str, begin: int) -> int:
    at = begin
    for _ in range(_LINES + 1):
        at = text.rfind("\n", 0, at)
        if at < 0:
            break
    far = begin - _REACH
    if at + 1 >= far:
        return at + 1
    nearest = text.find("\n", far, begin)
    blank = text.find(" ", far, begin) if nearest < 0 else nearest
    return far if blank < 0 else blank + 1


def _end(text: str, end: int) -> int:
    at = end
    for step in range(_LINES + 1):
        at = text.find("\n", at + bool(step))
        if at < 0:
            at = len(text)
            break
    far = end + _REACH
    if at <= far:
        return at
    nearest = text.rfind("\n", end, far)
    blank = text.rfind(" ", end, far) if nearest < 0 else nearest
    return far if blank < 0 else blank
