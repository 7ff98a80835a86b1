"""The page of an explained note, in one file."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib.resources import files

from clem_icd.reporting.explained.note import ExplainedCode, ExplainedNote
from clem_icd.reporting.explained.segments import Segment, segments_of
from clem_icd.reporting.explained.visible import visible
from clem_icd.reporting.html import page_template

__all__ = ["explained_html", "require_page"]

_PURPOSE = "A page of an explained note"
_FIRST_HUE, _GOLDEN_ANGLE = 255, 137.508  # degrees: neighbouring codes differ most, however many there are
_FAINTEST = 0.35
_LONGEST = 60  # characters of a quotation


@dataclass(frozen=True, slots=True)
class _Word:
    """A quoted span, in the card of its code."""

    anchor: str
    text: str
    cues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Card:
    """A code beside the note."""

    number: int
    hue: int
    code: ExplainedCode
    words: tuple[_Word, ...]
    cues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A segment as the page shows it."""

    text: str
    codes: str
    hint: str
    paint: str
    anchors: tuple[str, ...]
    ends: tuple[tuple[int, int], ...]
    has_cue: bool
    unread_begins: bool


def explained_html(note: ExplainedNote) -> str:
    """Return the page: the note with its marked words, and the codes beside it.

    It contains the text of the note, and refers to nothing outside itself.

    Raises
    ------
    MissingExtraError
        If jinja2 is not installed.

    """
    render = page_template("explained.html.j2", _PURPOSE)
    text = visible(note.text)
    cuts = (note.read,) if note.unread else ()
    cards = [_card(number, code, text) for number, code in enumerate(note.codes, start=1)]
    pieces = [_piece(note, text, cards, segment) for segment in segments_of(note.text, note.codes, cuts)]
    script = files("clem_icd.reporting").joinpath("templates/explained.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return render(note=note, visible=visible, cards=cards, pieces=pieces, script=script, digest=digest)


def require_page() -> None:
    """Refuse a page before anything is computed for it.

    Raises
    ------
    MissingExtraError
        If jinja2 is not installed.

    """
    page_template("explained.html.j2", _PURPOSE)


def _card(number: int, code: ExplainedCode, text: str) -> _Card:
    words = tuple(
        _Word(_anchor(number, place), _quoted(text[span.begin : span.end]), _worded(span.cues))
        for place, span in enumerate(code.spans)
    )
    every = all(word.cues for word in words)
    cues = dict.fromkeys(cue for word in words if every for cue in word.cues)
    return _Card(number, round(_FIRST_HUE + _GOLDEN_ANGLE * (number - 1)) % 360, code, words, tuple(cues))


def _piece(note: ExplainedNote, text: str, cards: list[_Card], segment: Segment) -> _Piece:
    spans = [note.codes[part.code].spans[part.span] for part in segment.parts]
    own = [cards[code] for code in segment.codes]
    cues = [_worded(span.cues) for span in spans]
    return _Piece(
        text=text[segment.begin : segment.end],
        codes=" ".join(str(card.number) for card in own),
        hint=", ".join(
            " ".join((note.codes[part.code].code, *(f"({kind})" for kind in kinds)))
            for part, kinds in zip(segment.parts, cues, strict=True)
        ),
        paint=_paint(note, cards, segment),
        anchors=tuple(_anchor(part.code + 1, part.span) for part in segment.parts if part.begins),
        ends=tuple((part.code + 1, cards[part.code].hue) for part in segment.parts if part.ends),
        has_cue=any(cues),
        unread_begins=note.unread is not None and segment.begin == note.read,
    )


def _paint(note: ExplainedNote, cards: list[_Card], segment: Segment) -> str:
    """Return a CSS background: one band per code, the stronger the heavier the span is within its code."""
    bands = []
    for number, place in enumerate(segment.codes):
        spans = note.codes[place].spans
        weight = max(spans[part.span].weight for part in segment.parts if part.code == place)
        heaviest = max(span.weight for span in spans)
        strength = max(_FAINTEST, weight / heaviest) if heaviest > 0 else 1
        begin, end = (100 * (number + step) / len(segment.codes) for step in (0, 1))
        colour = f"oklch(var(--l) var(--c) {cards[place].hue} / {strength:.2f})"
        bands.append(f"{colour} {begin:.0f}% {end:.0f}%")
    return f"linear-gradient(to bottom, {', '.join(bands)})" if bands else ""


def _anchor(number: int, span: int) -> str:
    return f"w{number}-{span + 1}"


def _quoted(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"


def _worded(cues: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(cue.replace("_", " ") for cue in cues)
