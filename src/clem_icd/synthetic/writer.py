"""A text that is written piece by piece and remembers where each mention stands."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

from clem_icd.icd import Code

__all__ = ["Mention", "Sense", "Writer", "wrapped"]

Sense = Literal["evidence", "denied", "family", "past", "allergy"]


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of text that names or shows a code.

    Attributes
    ----------
    begin, end
        Half-open, in Unicode code points of the note's text.
    code
        What it is about. Only in the sense ``evidence`` does the admission have it.
    surface
        What was written there.

    """

    begin: int
    end: int
    code: Code
    surface: str
    sense: Sense


class Writer:
    """A text under way."""

    __slots__ = ("_length", "_parts", "mentions")

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self.mentions: list[Mention] = []

    def __len__(self) -> int:
        return self._length

    def add(self, text: str) -> None:
        """Write a text that is about nothing in particular."""
        if text:
            self._parts.append(text)
            self._length += len(text)

    def end_line(self) -> None:
        """Begin a new line, unless nothing is written or one has just begun."""
        if self._parts and not self._parts[-1].endswith("\n"):
            self.add("\n")

    def mention(self, surface: str, code: Code, sense: Sense = "evidence") -> None:
        """Write a text and remember where it stands."""
        begin = self._length
        self.add(surface)
        self.mentions.append(Mention(begin, self._length, code, surface, sense))

    def extend(self, other: Writer) -> None:
        """Write what another writer has written, with its mentions."""
        by = self._length
        self._parts.extend(other._parts)
        self._length += other._length
        self.mentions.extend(
            Mention(one.begin + by, one.end + by, one.code, one.surface, one.sense) for one in other.mentions
        )

    def text(self) -> str:
        """Return everything written so far."""
        return "".join(self._parts)


def wrapped(text: str, mentions: list[Mention], width: int) -> str:
    """Break lines longer than ``width`` at a blank that is outside every mention.

    Each break takes the place of one blank, so no offset moves.
    """
    begins = [mention.begin for mention in mentions]
    breaks: list[int] = []
    start = 0
    while len(text) - start > width:
        newline = text.find("\n", start, start + width + 1)
        if newline >= 0:
            start = newline + 1
            continue
        blank = _blank_before(text, start, start + width, mentions, begins)
        if blank < 0:
            break
        if text[blank] == " ":
            breaks.append(blank)
        start = blank + 1
    parts = [text[a:b] for a, b in zip([0, *(at + 1 for at in breaks)], [*breaks, len(text)], strict=True)]
    return "\n".join(parts)


def _blank_before(text: str, start: int, limit: int, mentions: list[Mention], begins: list[int]) -> int:
    """Return the last free blank in ``[start, limit]``, else the first free break after it, else -1."""
    at = text.rfind(" ", start, limit + 1)
    while at > start:
        inside = bisect_right(begins, at) - 1
        if inside < 0 or mentions[inside].end <= at:
            return at
        at = text.rfind(" ", start, mentions[inside].begin)
    at = limit
    while at < len(text):
        inside = bisect_right(begins, at) - 1
        if inside >= 0 and mentions[inside].end > at:
            at = mentions[inside].end
        elif text[at] in " \n":
            return at
        else:
            at += 1
    return -1
