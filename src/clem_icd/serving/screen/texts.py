"""Documents as a page shows them: sections, and stretches of text that the same codes rest on."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from clem_icd.cues import Cues, cues_in, guess_language, sections_in
from clem_icd.serving.store.encounters import key
from clem_icd.serving.store.reading import Encounter

_DOCUMENTS_KEPT = 64


@dataclass(frozen=True)
class Stretch:
    """A stretch of a document that the same codes rest on.

    Attributes
    ----------
    begin, text
        Its offset in the document, in characters, and its text.
    codes, spans
        The codes, as ``icd10cm:I10``, and the marks that cover it, as ``document:begin:end``.

    """

    begin: int
    text: str
    codes: tuple[str, ...] = ()
    spans: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """A section of a document, or the text before, between and after sections.

    Attributes
    ----------
    kind
        As in `Section`; None outside of sections.
    title
        The stretches of the heading; empty without one.
    body
        The stretches of the text.

    """

    kind: str | None
    title: tuple[Stretch, ...]
    body: tuple[Stretch, ...]


@dataclass(frozen=True)
class Shown:
    """A document as a page shows it."""

    name: str
    kind: str | None
    parts: tuple[Part, ...]


def documents_of(encounter: Encounter) -> list[Shown]:
    """Return the documents of an encounter; their stretches join to the raw texts."""
    return [
        Shown(document.name, document.kind, tuple(_parts(document.text, _spans(encounter, place))))
        for place, document in enumerate(encounter.documents)
    ]


@functools.lru_cache(maxsize=_DOCUMENTS_KEPT)
def cues_of(text: str) -> Cues:
    """Return the cues of a document, in the language that it seems to be in."""
    return cues_in(text, guess_language(text))


_Span = tuple[int, int, str, str]


def _spans(encounter: Encounter, place: int) -> list[_Span]:
    return sorted(
        (mark.begin, mark.end, key(code.code), f"{place}:{mark.begin}:{mark.end}")
        for code in encounter.codes
        for mark in code.marks
        if mark.document == place
    )


def _parts(text: str, spans: list[_Span]) -> Iterator[Part]:
    cut = _Cutter(text, spans)
    at = 0
    for section in sections_in(text, guess_language(text)):
        if at < section.title_begin:
            yield Part(None, (), cut(at, section.title_begin))
        yield Part(
            section.kind,
            cut(section.title_begin, section.title_end),
            cut(section.title_end, section.end),
        )
        at = section.end
    if at < len(text):
        yield Part(None, (), cut(at, len(text)))


class _Cutter:
    """Cuts a text into stretches, from its beginning to its end."""

    def __init__(self, text: str, spans: Sequence[_Span]) -> None:
        self._text = text
        self._spans = spans
        self._next = 0
        self._open: list[_Span] = []
        self._points = sorted({point for begin, end, *_ in spans for point in (begin, end)})
        self._point = 0

    def __call__(self, begin: int, end: int) -> tuple[Stretch, ...]:
        """Return the stretches from where the last call ended."""
        found = []
        while begin < end:
            while self._point < len(self._points) and self._points[self._point] <= begin:
                self._point += 1
            until = min(end, self._points[self._point]) if self._point < len(self._points) else end
            found.append(self._stretch(begin, until))
            begin = until
        return tuple(found)

    def _stretch(self, begin: int, end: int) -> Stretch:
        while self._next < len(self._spans) and self._spans[self._next][0] <= begin:
            self._open.append(self._spans[self._next])
            self._next += 1
        self._open = [one for one in self._open if one[1] > begin]
        codes: dict[str, Any] = dict.fromkeys(code for _, _, code, _ in self._open)
        spans: dict[str, Any] = dict.fromkeys(span for *_, span in self._open)
        return Stretch(begin, self._text[begin:end], tuple(codes), tuple(spans))
