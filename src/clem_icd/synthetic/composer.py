"""The sentences of one note, and the choices its sections share."""

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

__all__ = ["Composer", "Section"]


@dataclass(slots=True)
class Composer:
    """Writes sentences into the sections of one note.

    Attributes
    ----------
    brief
        Whether the note is a brief summary.
    richness
        Amount of text around each condition: 1 in a note of usual length.

    """

    rng: Random
    admission: Admission
    plan: Plan
    language: Language
    distractors: Distractors
    brief: bool
    richness: float
    _decks: dict[str, list[Phrase]] = field(default_factory=dict)

    def next_sentence(self, use: str) -> str:
        """Draw a sentence that mentions no condition; none is repeated before all have been drawn."""
        deck = self._decks.get(use)
        if not deck:
            deck = self._decks[use] = list(self.language.phrases[use])
            self.rng.shuffle(deck)
        return deck.pop().render(self.rng)

    def is_used_up(self, use: str) -> bool:
        """Return whether every sentence for a use has been drawn."""
        return self._decks.get(use) == []

    def say(self, out: Writer, use: str, times: float = 1.0) -> None:
        """Write ``times`` sentences for a use on average, or fewer when they are used up."""
        for _ in range(int(times + self.rng.random())):
            if not self.is_used_up(use):
                out.add(self.next_sentence(use))

    def draw_count(self, mean: float) -> int:
        """Draw a number of repetitions, ``mean`` on average in a note of usual length."""
        exact = mean * self.richness * (0.5 + self.rng.random())
        return int(exact + self.rng.random())

    def choose(self, *options: str) -> str:
        """Draw one of the texts."""
        return pick(self.rng, options)

    def name(self, out: Writer, problem: Problem) -> None:
        """Write a name for a problem."""
        out.mention(self.plan.surface(self.rng, problem), problem.code)

    def describe(self, out: Writer, use: str, problem: Problem, surface: str | None = None) -> None:
        """Write a sentence about a problem, with its name or another trace (``surface``)."""
        self.fill_frame(out, pick(self.rng, self.language.frames[use]), problem, surface)

    def fill_frame(self, out: Writer, frame: Frame, problem: Problem, surface: str | None = None) -> None:
        """Write the given sentence about a problem."""
        out.add(frame.before.render(self.rng))
        out.mention(surface or self.plan.surface(self.rng, problem), problem.code)
        out.add(frame.after.render(self.rng))


Section = Callable[[Composer, Writer], None]
