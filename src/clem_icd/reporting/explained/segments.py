"""A text cut where spans begin and end, so that spans may overlap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from clem_icd.reporting.explained.note import ExplainedCode
from clem_icd.reporting.explained.visible import joins

__all__ = ["Part", "Segment", "segments_of"]


@dataclass(frozen=True, slots=True)
class Part:
    """A span that covers a segment.

    Attributes
    ----------
    code, span
        The place of the code, and of the span among those of the code.
    begins, ends
        Whether the span begins or ends with this segment.

    """

    code: int
    span: int
    begins: bool
    ends: bool


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text, and the spans that cover all of it.

    Attributes
    ----------
    begin, end
        Half-open offsets into the text.
    parts
        In the order of the codes; none outside of all spans.

    """

    begin: int
    end: int
    parts: tuple[Part, ...] = ()

    @property
    def codes(self) -> tuple[int, ...]:
        """The places of the codes, in order and each once."""
        return tuple(dict.fromkeys(part.code for part in self.parts))


def segments_of(text: str, codes: Sequence[ExplainedCode], cuts: Iterable[int] = ()) -> list[Segment]:
    """Return segments that cover a text without gaps, in order; a character with its accents is not cut.

    Parameters
    ----------
    text
        The text to which the spans refer.
    codes
        Explained codes, whose spans may overlap.
    cuts
        Offsets at which to cut as well.

    """
    spans = [
        (*_whole(text, span.begin, span.end), code, number)
        for code, own in enumerate(codes)
        for number, span in enumerate(own.spans)
    ]
    ends = sorted({0, len(text), *cuts, *(span[0] for span in spans), *(span[1] for span in spans)})
    opening = sorted(spans, reverse=True)
    open_: list[tuple[int, int, int, int]] = []
    segments = []
    for begin, end in pairwise(ends):
        open_ = [span for span in open_ if span[1] > begin]
        while opening and opening[-1][0] == begin:
            open_.append(opening.pop())
        parts = (
            Part(code, number, first == begin, last == end)
            for first, last, code, number in sorted(open_, key=lambda span: span[2:])
        )
        segments.append(Segment(begin, end, tuple(parts)))
    return segments


def _whole(text: str, begin: int, end: int) -> tuple[int, int]:
    """Return a span that begins and ends between characters as a reader sees them."""
    while joins(text, begin):
        begin -= 1
    while joins(text, end):
        end += 1
    return begin, end
