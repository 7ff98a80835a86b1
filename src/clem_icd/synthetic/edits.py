"""Changes to a text that its mentions follow."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from clem_icd.synthetic.writer import Mention

__all__ = ["Edit", "edited"]


class Edit(NamedTuple):
    """Put ``text`` in the place of what stands in the half-open ``[begin, end)``."""

    begin: int
    end: int
    text: str


def edited(text: str, mentions: Iterable[Mention], edits: Sequence[Edit]) -> tuple[str, tuple[Mention, ...]]:
    """Return the changed text and its mentions, where they stand now.

    What is put in at the edge of a mention stays outside it; an edit that reaches into one is part of it.

    Parameters
    ----------
    edits
        In the order of the text, none overlapping another.

    """
    places = _Places(edits)
    parts: list[str] = []
    done = 0
    for edit in edits:
        parts += (text[done : edit.begin], edit.text)
        done = edit.end
    changed = "".join([*parts, text[done:]])
    return changed, tuple(places.moved(one, changed) for one in mentions)


class _Places:
    """Where a place of the old text is in the new one."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._begins = [edit.begin for edit in edits]
        self._ends = [edit.end for edit in edits]
        growth = (len(edit.text) - (edit.end - edit.begin) for edit in edits)
        self._shifts = [0, *itertools.accumulate(growth)]

    def moved(self, mention: Mention, changed: str) -> Mention:
        begin, end = self._begin(mention.begin), self._end(mention.end)
        return replace(mention, begin=begin, end=end, surface=changed[begin:end])

    def _begin(self, place: int) -> int:
        before = bisect_right(self._ends, place)
        if before < len(self._begins):
            place = min(place, self._begins[before])
        return place + self._shifts[before]

    def _end(self, place: int) -> int:
        before = bisect_left(self._begins, place)
        if before:
            place = max(place, self._ends[before - 1])
        return place + self._shifts[before]
