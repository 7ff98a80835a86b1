"""What lies before a physician who writes a note."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from clem_icd.synthetic.distractors import Distractors
from clem_icd.synthetic.hospital import Admission, Problem
from clem_icd.synthetic.language import Language
from clem_icd.synthetic.phrases import Frame, Phrase, pick
from clem_icd.synthetic.plan import Plan
from clem_icd.synthetic.writer import Writer

__all__ = ["Desk", "Section"]


@dataclass(slots=True)
class Desk:
    """Everything that the sections of one note are written from.

    Attributes
    ----------
    brief
        Whether it becomes a ward's short summary.
    richness
        How much is said around each condition: 1 in a note of usual length.

    """

    rng: Random
    admission: Admission
    plan: Plan
    language: Language
    distractors: Distractors
    brief: bool
    richness: float
    _decks: dict[str, list[Phrase]] = field(default_factory=dict)

    def line(self, use: str) -> str:
        """Return a neutral sentence; none comes twice before all have come."""
        deck = self._decks.get(use)
        if not deck:
            deck = self._decks[use] = list(self.language.phrases[use])
            self.rng.shuffle(deck)
        return deck.pop().render(self.rng)

    def is_told(self, use: str) -> bool:
        """Tell whether every sentence of a kind has been written already."""
        return self._decks.get(use) == []

    def say(self, out: Writer, use: str, times: float = 1.0) -> None:
        """Write neutral sentences, ``times`` of them on average, until all have been written."""
        for _ in range(int(times + self.rng.random())):
            if not self.is_told(use):
                out.add(self.line(use))

    def times(self, mean: float) -> int:
        """Return how often something is said whose mean is ``mean`` in a note of usual length."""
        exact = mean * self.richness * (0.5 + self.rng.random())
        return int(exact + self.rng.random())

    def choose(self, *options: str) -> str:
        """Return one of the texts."""
        return pick(self.rng, options)

    def name(self, out: Writer, problem: Problem) -> None:
        """Write a name of a problem."""
        out.mention(self.plan.surface(self.rng, problem), problem.code)

    def tell(self, out: Writer, use: str, problem: Problem, surface: str | None = None) -> None:
        """Write a sentence around a problem: its name, or another trace of it."""
        self.within(out, pick(self.rng, self.language.frames[use]), problem, surface)

    def within(self, out: Writer, frame: Frame, problem: Problem, surface: str | None = None) -> None:
        """Write one given sentence around a problem."""
        out.add(frame.before.render(self.rng))
        out.mention(surface or self.plan.surface(self.rng, problem), problem.code)
        out.add(frame.after.render(self.rng))


Section = Callable[[Desk, Writer], None]
