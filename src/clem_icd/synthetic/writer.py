"""Text written piece by piece, with the offsets of its mentions."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

from clem_icd.icd import Code

__all__ = ["Mention", "Sense", "Writer", "wrap_lines"]

Sense = Literal["evidence", "denied", "family", "past", "allergy"]


@dataclass(frozen=True, slots=True)
class Mention:
    """A span of text that names or shows a code.

    Attributes
    ----------
    begin, end
        Half-open offsets into the note's text, in Unicode code points.
    code
        The mentioned code. The admission has it only if the sense is ``evidence``.
    surface
        The text of the span.

    """

    begin: int
    end: int
    code: Code
    surface: str
    sense: Sense


class Writer:
    """Collects text and the mentions in it."""

    __slots__ = ("_length", "_parts", "mentions")

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self.mentions: list[Mention] = []

    def __len__(self) -> int:
        return self._length

    def add(self, text: str) -> None:
        """Append text without a mention."""
        if text:
            self._parts.append(text)
            self._length += len(text)

    def end_line(self) -> None:
        """Begin a new line, unless the text is empty or already at the start of a line."""
        if self._parts and not self._parts[-1].endswith("\n"):
            self.add("\n")

    def mention(self, surface: str, code: Code, sense: Sense = "evidence") -> None:
        """Append text and record it as a mention."""
        begin = self._length
        self.add(surface)
        self.mentions.append(Mention(begin, self._length, code, surface, sense))

    def extend(self, other: Writer) -> None:
        """Append another writer's text with its mentions."""
        offset = self._length
        self._parts.extend(other._parts)
        self._length += other._length
        self.mentions.extend(
            Mention(item.begin + offset, item.end + offset, item.code, item.surface, item.sense)
            for item in other.mentions
        )

    def text(self) -> str:
        """Return the text written so far."""
        return "".join(self._parts)


def wrap_lines(text: str, mentions: list[Mention], width: int) -> str:
    """Break lines longer than ``width`` at spaces outside all mentions.

    Each break replaces one space, so no offset changes.
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
    """Return the last space outside mentions in ``[start, limit]``, else the first one after it, else -1."""
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
