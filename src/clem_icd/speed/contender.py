"""The systems that are measured: the interface, and the model as this package runs it.

A contender is a description; `Contender.open` loads or makes the system.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from clem_icd.modeling import System, load_model
from clem_icd.speed.flops import Products
from clem_icd.speed.model import Model

Probabilities = npt.NDArray[np.float32]
Scorer = Callable[[Sequence[str]], Probabilities]
"""From notes to the probability of every label [notes, labels]."""


@dataclass(frozen=True)
class Contender:
    """A system that reads notes.

    Attributes
    ----------
    model
        The model that is measured.
    precision
        One of those in `clem_icd.speed.settings`.

    """

    model: Model
    precision: str = "fp32"

    @property
    def key(self) -> str:
        """Its name in results."""
        raise NotImplementedError

    @property
    def about(self) -> str:
        """What it is, as a phrase."""
        raise NotImplementedError

    @property
    def most(self) -> int | None:
        """The most tokens of a note that it reads; None for a system without tokens."""
        raise NotImplementedError

    def refused(self, longest: int) -> str | None:
        """Return why it cannot stand beside the model for notes of a length; None if it can."""
        return None

    def open(self) -> Scorer:
        """Return what scores notes.

        Raises
        ------
        ModelError
            If this machine or release cannot.

        """
        raise NotImplementedError

    @cached_property
    def products(self) -> Products | None:
        """Its matrix products; None for a system that is not neural."""
        return None

    def needed(self, lengths: Sequence[int]) -> int:
        """Return how much work notes are: operations, or words for a system that is not neural."""
        return sum(lengths) if self.products is None else self.products.needed(lengths)

    def computed(self, lengths: Sequence[int]) -> int:
        """Return the work that is done for notes, padding included."""
        return self.needed(lengths)


@dataclass(frozen=True)
class Here(Contender):
    """The model as this package runs it."""

    @property
    def key(self) -> str:
        """The precision; for a system that is not neural, its kind."""
        return self.precision if self.model.architecture else self.model.info.system

    @property
    def about(self) -> str:
        """What it is, as a phrase."""
        return f"this model in {self.precision}" if self.model.architecture else "this model"

    @property
    def most(self) -> int | None:
        """The most tokens of a note that it reads."""
        return self.model.info.max_tokens

    def open(self) -> Scorer:
        """Load the model."""
        return scorer_of(load_model(self.model.folder, precision=self.precision)[0])

    @cached_property
    def products(self) -> Products | None:
        """The products of the model; the same in every precision."""
        if self.model.architecture is None:
            return None
        return Products(self.model.config, self.model.architecture.reading)


def scorer_of(system: System) -> Scorer:
    """Return what scores notes with a system."""
    return lambda texts: np.stack([scores.probabilities for scores in system.score(texts)])
