"""The documents of an encounter as the screen shows them: cut where spans and headings begin and end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clem_icd.cues import guess_language, sections_in
from clem_icd.reporting.explained import ExplainedCode, MarkedSpan, segments_of, visible
from clem_icd.serving.store.encounters import Document

_JOINED = " "


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a document that the page shows as one element.

    Attributes
    ----------
    text
        What is shown: as many characters as in the document, those that would change its order replaced.
    begin
        Its offset into the raw text, in code points. The page counts from here what a coder selects.
    codes, spans
        The codes that rest on it, and their spans as ``code#number``, joined with blanks.
    hint
        The same for a reader, with cues.
    doubtful
        Whether a cue governs one of the spans.
    opens, closes
        Whether a heading begins, or ends, here.

    """

    text: str
    begin: int
    codes: str
    spans: str
    hint: str
    doubtful: bool
    opens: bool
    closes: bool


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """A document, and the number of its spans."""

    name: str
    kind: str | None
    pieces: tuple[Piece, ...]
    spans: int


def shown_documents(
    documents: Sequence[Document], codes: Sequence[Mapping[str, Any]]
) -> tuple[ShownDocument, ...]:
    """Return the documents in order.

    Parameters
    ----------
    documents
        Those of the encounter.
    codes
        Its codes with their marks, as the state of an encounter has them.

    """
    return tuple(_shown(document, place, codes) for place, document in enumerate(documents))


def _shown(document: Document, place: int, codes: Sequence[Mapping[str, Any]]) -> ShownDocument:
    numbers, marked = [], []
    for code in codes:
        own = [(number, mark) for number, mark in enumerate(code["marks"]) if mark["document"] == place]
        numbers.append([number for number, _ in own])
        marked.append(_explained(code, [mark for _, mark in own]))
    headings = sections_in(document.text, guess_language(document.text))
    opening = {section.title_begin for section in headings}
    closing = {section.title_end for section in headings}
    text = visible(document.text)
    pieces = []
    for segment in segments_of(document.text, marked, opening | closing):
        spans = [
            (codes[part.code]["code"], numbers[part.code][part.span], marked[part.code].spans[part.span].cues)
            for part in segment.parts
        ]
        pieces.append(
            Piece(
                text=text[segment.begin : segment.end],
                begin=segment.begin,
                codes=_JOINED.join(dict.fromkeys(key for key, _, _ in spans)),
                spans=_JOINED.join(f"{key}#{number}" for key, number, _ in spans),
                hint=", ".join(dict.fromkeys(_hint(key, cues) for key, _, cues in spans)),
                doubtful=any(cues for _, _, cues in spans),
                opens=segment.begin in opening,
                closes=segment.end in closing,
            )
        )
    return ShownDocument(document.name, document.kind, tuple(pieces), sum(map(len, numbers)))


def _explained(code: Mapping[str, Any], marks: Sequence[Mapping[str, Any]]) -> ExplainedCode:
    spans = (MarkedSpan(mark["begin"], mark["end"], 1, tuple(mark["cues"])) for mark in marks)
    return ExplainedCode(code["value"], code["system"], code["title"], 1, True, tuple(spans))


def _hint(key: str, cues: Sequence[str]) -> str:
    value = key.partition(":")[2]
    return f"{value} ({', '.join(cues).replace('_', ' ')})" if cues else value
