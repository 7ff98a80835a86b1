"""Text edits that keep the offsets of mentions up to date."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from clem_icd.synthetic.writer import Mention

__all__ = ["Edit", "apply_edits"]


class Edit(NamedTuple):
    """Replace the half-open span ``[begin, end)`` by ``text``."""

    begin: int
    end: int
    text: str


def apply_edits(
    text: str, mentions: Iterable[Mention], edits: Sequence[Edit]
) -> tuple[str, tuple[Mention, ...]]:
    """Return the edited text and its mentions with their new offsets.

    Text inserted at the edge of a mention stays outside it; an edit that overlaps a mention joins it.

    Parameters
    ----------
    edits
        In text order, without overlaps.

    """
    offsets = _Offsets(edits)
    parts: list[str] = []
    done = 0
    for edit in edits:
        parts += (text[done : edit.begin], edit.text)
        done = edit.end
    changed = "".join([*parts, text[done:]])
    return changed, tuple(offsets.moved(mention, changed) for mention in mentions)


class _Offsets:
    """Maps offsets from the original to the edited text."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._begins = [edit.begin for edit in edits]
        self._ends = [edit.end for edit in edits]
        growth = (len(edit.text) - (edit.end - edit.begin) for edit in edits)
        self._shifts = [0, *itertools.accumulate(growth)]

    def moved(self, mention: Mention, changed: str) -> Mention:
        begin, end = self._begin(mention.begin), self._end(mention.end)
        return replace(mention, begin=begin, end=end, surface=changed[begin:end])

    def _begin(self, offset: int) -> int:
        before = bisect_right(self._ends, offset)
        if before < len(self._begins):
            offset = min(offset, self._begins[before])
        return offset + self._shifts[before]

    def _end(self, offset: int) -> int:
        before = bisect_left(self._begins, offset)
        if before:
            offset = max(offset, self._ends[before - 1])
        return offset + self._shifts[before]
