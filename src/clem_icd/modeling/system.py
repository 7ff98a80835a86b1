"""The protocol of trained systems, neural or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt


class NoteScores(NamedTuple):
    """The probability of every label for one note.

    Attributes
    ----------
    probabilities
        Between 0 and 1, in label order [labels].
    tokens
        Number of tokens of the note; None for a system without tokens.
    tokens_read
        Number of tokens that the system read; fewer if the note is longer than its context.

    """

    probabilities: npt.NDArray[np.float32]
    tokens: int | None = None
    tokens_read: int | None = None


class System(Protocol):
    """A trained model, ready to score notes."""

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        """Yield the scores of every text, in order, with a bounded number of texts in memory."""
        ...

    def save(self, folder: Path) -> None:
        """Write the files of the system into an existing, empty folder."""
        ...


class Span(NamedTuple):
    """A stretch of a note that led to a code.

    Attributes
    ----------
    begin, end
        Half-open offsets into the raw text, in characters.
    weight
        How strongly it supports the code, as the system defines it.

    """

    begin: int
    end: int
    weight: float


@runtime_checkable
class Explaining(Protocol):
    """A system that knows which words of a note led to a code."""

    def spans(self, text: str, labels: Sequence[int]) -> list[tuple[Span, ...]]:
        """Return the spans of each label, given by its place in the label space; maybe none [labels]."""
        ...
