"""How far the probabilities of an exported model are from those of the model itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clem_icd.decisions import Rule
from clem_icd.modeling import NoteScores, System
from clem_icd.prediction.coder import finite


@dataclass(frozen=True)
class Parity:
    """The result of a comparison.

    Attributes
    ----------
    notes
        The number of notes.
    shortest, longest
        Their lengths in tokens, as far as they were read.
    largest_difference
        Of the probabilities of a label for a note.
    decisions, decisions_differing
        The number of labels times notes, and in how many of them one form assigns the label and the other
        does not.

    """

    notes: int
    shortest: int
    longest: int
    largest_difference: float
    decisions: int
    decisions_differing: int

    def as_json(self) -> dict[str, Any]:
        """Return the result as a JSON object."""
        return asdict(self)


def own_scores(
    system: System, texts: Iterable[str], progress: Callable[[int], Any] | None = None
) -> list[npt.NDArray[np.float32]]:
    """Return the probabilities of notes that a system scores one at a time [notes, labels].

    Raises
    ------
    ModelError
        If a probability is not finite.

    """
    found = []
    for text in texts:
        found += [finite(scores) for scores in system.score([text])]
        if progress is not None:
            progress(1)
    return found


def compare(expected: Sequence[npt.NDArray[np.float32]], found: Iterable[NoteScores], rule: Rule) -> Parity:
    """Compare the probabilities of two forms of a model on the same notes.

    Parameters
    ----------
    expected
        The probabilities of the model itself [notes, labels].
    found
        The scores of the exported one.
    rule
        The decision rule of both.

    """
    difference, differing, lengths = 0.0, 0, []
    for own, other in zip(expected, found, strict=True):
        # A probability that is not finite differs by more than any.
        here = np.nan_to_num(np.abs(own - other.probabilities), nan=1.0).max()
        difference = max(difference, float(here))
        differing += int((rule.decide(own[np.newaxis]) != rule.decide(other.probabilities[np.newaxis])).sum())
        lengths.append(other.tokens_read or 0)
    return Parity(
        notes=len(expected),
        shortest=min(lengths),
        longest=max(lengths),
        largest_difference=difference,
        decisions=sum(len(own) for own in expected),
        decisions_differing=differing,
    )
