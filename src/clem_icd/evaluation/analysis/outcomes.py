"""The outcome of every pair of a note and a label: found, missed, or wrongly assigned."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from clem_icd.decisions.arrays import BoolArray, row_chunks
from clem_icd.errors import ScoresError

__all__ = ["Outcomes"]


@dataclass(frozen=True)
class Outcomes:
    """The pairs of a note and a label that are true or assigned, sorted by note, then by label.

    All other pairs are true negatives, which are about a thousand times as many.

    Attributes
    ----------
    notes, labels
        The shape of the original matrices.
    note, label
        Row and column of each pair [pairs].
    gold, given
        Whether the note has the code, and whether the system assigned it [pairs].

    """

    notes: int
    labels: int
    note: NDArray[np.int64]
    label: NDArray[np.int64]
    gold: BoolArray
    given: BoolArray

    @classmethod
    def of(cls, targets: BoolArray, decided: BoolArray) -> Outcomes:
        """Extract the pairs from targets and decisions [notes, labels].

        Raises
        ------
        ScoresError
            If the arrays differ in shape, are not [notes, labels], or are not boolean.

        """
        if targets.shape != decided.shape or targets.ndim != 2:
            raise ScoresError(
                f"targets have shape {targets.shape} and decisions {decided.shape}, "
                "expected both [notes, labels]",
                remedy="Decide for the same notes and the same label space as the targets",
            )
        if targets.dtype != np.bool_ or decided.dtype != np.bool_:
            raise ScoresError(
                f"targets have dtype {targets.dtype} and decisions {decided.dtype}, expected bool",
                remedy="Apply a decision rule to the scores first",
            )
        parts = [_pairs(targets[rows], decided[rows], rows.start) for rows in row_chunks(targets)]
        note, label, gold, given = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        return cls(targets.shape[0], targets.shape[1], note, label, gold, given)

    @cached_property
    def hit(self) -> BoolArray:
        """Whether a pair is a true positive [pairs]."""
        return self.gold & self.given

    @cached_property
    def missed(self) -> BoolArray:
        """Whether a pair is a false negative [pairs]."""
        return self.gold & ~self.given

    @cached_property
    def wrong(self) -> BoolArray:
        """Whether a pair is a false positive [pairs]."""
        return self.given & ~self.gold

    def codes_per_note(self) -> NDArray[np.int64]:
        """Return the number of codes of every note [notes]."""
        return np.bincount(self.note[self.gold], minlength=self.notes)


def _pairs(
    targets: BoolArray, decided: BoolArray, first: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], BoolArray, BoolArray]:
    note, label = np.nonzero(targets | decided)
    return note + first, label, targets[note, label], decided[note, label]
