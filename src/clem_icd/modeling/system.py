"""What every trained system can do, whatever it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt


class NoteScores(NamedTuple):
    """The probability of every label for one note.

    Attributes
    ----------
    probabilities
        Between 0 and 1, in label order [labels].
    tokens
        Number of tokens of the note, or None where the system knows no tokens.
    tokens_read
        How many of them the system read; fewer where the note is longer than its context.

    """

    probabilities: npt.NDArray[np.float32]
    tokens: int | None = None
    tokens_read: int | None = None


class System(Protocol):
    """A trained model, ready to score notes."""

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        """Yield the scores of every text, in order, a bounded number of texts in memory."""
        ...

    def save(self, folder: Path) -> None:
        """Write the files of the system into an existing, empty folder."""
        ...
