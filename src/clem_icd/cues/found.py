"""The cues of one note, and which of them govern a mention."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clem_icd.cues.kinds import CUE_KINDS, CueKind, bit_of, kinds_of

__all__ = ["Cue", "Cues"]

Masks = NDArray[np.uint8]
Offsets = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cue:
    """A trigger and the text that it governs.

    Attributes
    ----------
    begin, end
        The trigger: half-open offsets into the raw text. For a cue from a section, its heading.
    scope_begin, scope_end
        The text it governs, before or after the trigger.

    """

    kind: CueKind
    begin: int
    end: int
    scope_begin: int
    scope_end: int

    @property
    def is_forward(self) -> bool:
        """Whether the cue governs what follows its trigger."""
        return self.scope_begin >= self.end

    def governs(self, begin: int, end: int) -> bool:
        """Return whether the cue governs a span, as `Cues` defines it."""
        at = begin if self.is_forward else end - 1
        return self.scope_begin <= at < self.scope_end


class Cues:
    """The cues of one note.

    A cue before a span governs it if the span begins in the cue's scope; a cue after it, if the span ends in
    the scope. So a trigger inside a span ("diabetes without complications") does not govern that span.

    Parameters
    ----------
    found
        The cues, in any order.

    Attributes
    ----------
    found
        The cues, in the order of their triggers.

    """

    __slots__ = ("_after", "_before", "found")

    def __init__(self, found: Iterable[Cue] = ()) -> None:
        self.found = tuple(sorted(found, key=lambda cue: (cue.begin, cue.end, cue.scope_begin, cue.kind)))
        self._after = _lookup([cue for cue in self.found if cue.is_forward])
        self._before = _lookup([cue for cue in self.found if not cue.is_forward])

    def at(self, begin: int, end: int) -> frozenset[CueKind]:
        """Return the kinds of cues that govern a span."""
        return kinds_of(int(self.at_all([begin], [end])[0]))

    def at_all(self, begins: ArrayLike, ends: ArrayLike) -> Masks:
        """Return the kinds of cues that govern each of many spans, as bits (see `bit_of`) [spans].

        Parameters
        ----------
        begins, ends
            Half-open offsets into the raw text [spans].

        """
        first = np.asarray(begins, dtype=np.int64)
        last = np.asarray(ends, dtype=np.int64) - 1
        return self._after(first) | self._before(last)

    def governing(self, begin: int, end: int) -> tuple[Cue, ...]:
        """Return the cues that govern a span, in the order of their triggers."""
        return tuple(cue for cue in self.found if cue.governs(begin, end))


def _lookup(cues: list[Cue]) -> Callable[[Offsets], Masks]:
    """Return a function from offsets to the kinds of the cues in whose scope they are [offsets]."""
    begins = np.array([cue.scope_begin for cue in cues], dtype=np.int64)
    ends = np.array([cue.scope_end for cue in cues], dtype=np.int64)
    bits = np.array([bit_of(cue.kind) for cue in cues], dtype=np.uint8)
    # Between two neighbouring points, the kinds of the scopes do not change.
    points = np.unique(np.concatenate([begins, ends]))
    masks = np.zeros(len(points) + 1, dtype=np.uint8)
    for kind in CUE_KINDS:
        mine = bits == bit_of(kind)
        change = np.zeros(len(points) + 1, dtype=np.int64)
        np.add.at(change, np.searchsorted(points, begins[mine]) + 1, 1)
        np.add.at(change, np.searchsorted(points, ends[mine]) + 1, -1)
        masks[np.cumsum(change) > 0] |= bit_of(kind)
    return lambda offsets: masks[np.searchsorted(points, offsets, side="right")]
