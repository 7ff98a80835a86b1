"""Mentions of conditions that the patient does not have."""

from __future__ import annotations

import functools
import itertools
import re
from bisect import bisect
from collections.abc import Callable, Iterable, Sequence
from random import Random

from clem_icd.icd import Code, CodeSystem, category
from clem_icd.synthetic.coding import icd9_code
from clem_icd.synthetic.hospital import Admission
from clem_icd.synthetic.language import language
from clem_icd.synthetic.phrases import Frame, Phrase, pick
from clem_icd.synthetic.vocabulary import Concept, vocabulary
from clem_icd.synthetic.writer import Sense, Writer

__all__ = ["Distractors"]

_MOST_FORMS = 3  # the first names of a condition read well after "no evidence of"
_DETAIL = re.compile(r"[({\d]")
_TRIES = 12

_BARE = (Frame("@"),)

_Draw = Callable[[Random], Concept]
_Name = Callable[[Random, Concept], str]


class Distractors:
    """Writes mentions that are not evidence into one note.

    A condition is never denied, or attributed to a relative or to the past, if the admission has it, has
    another condition of its group or category, or has its code through another condition. A drug that the
    patient takes is never declined or reported as an allergy.
    """

    def __init__(self, rng: Random, admission: Admission, medications: Iterable[str]) -> None:
        self._rng = rng
        self._drugs = {_drug_of(medication) for medication in medications}
        self._version = admission.icd_version
        self._taken = {problem.concept.group for problem in admission.problems}
        self._taken |= {category(p.concept.code, p.concept.system) for p in admission.problems}
        self._codes = {problem.code for problem in admission.problems}
        self._sex = admission.sex

    def mention_absent(self, out: Writer, use: str) -> None:
        """Write that a condition is absent."""
        draw = _draw_imaged if use == "denied_results" else _draw_deniable
        self._write(out, language().frames[use], draw, "denied", _name)

    def mention_declined_drug(self, out: Writer) -> None:
        """Write that a drug for an absent condition was not started."""
        self._write(out, language().frames["not_started"], _draw_treatable, "denied", _treatment)

    def mention_drug_allergy(self, out: Writer) -> None:
        """Write that the patient is allergic to a drug."""
        self._write(out, _BARE, _draw_treatable, "allergy", lambda *args: _drug_of(_treatment(*args)))

    def mention_family(self, out: Writer) -> None:
        """Write that a relative has a condition."""
        self._write(out, language().frames["family"], _draw_heritable, "family", _name)

    def mention_past(self, out: Writer, past: tuple[Concept, ...]) -> None:
        """Write that a condition of an earlier stay has resolved, if there is one."""
        if past:
            self._write(out, language().frames["resolved"], lambda rng: pick(rng, past), "past", _name)

    def _write(self, out: Writer, frames: Sequence[Frame], draw: _Draw, sense: Sense, name: _Name) -> None:
        for _ in range(_TRIES):
            concept = draw(self._rng)
            code = self._free(concept)
            surface = name(self._rng, concept)
            possible = sense == "family" or concept.sex in (None, self._sex)
            if code is not None and possible and _drug_of(surface) not in self._drugs:
                frame = pick(self._rng, frames)
                out.add(frame.before.render(self._rng))
                out.mention(surface, code, sense)
                out.add(frame.after.render(self._rng))
                self._taken.add(concept.group)
                return

    def _free(self, concept: Concept) -> Code | None:
        """Return the code of a condition if the admission is free of it, else None."""
        if concept.group in self._taken or category(concept.code, concept.system) in self._taken:
            return None
        code = Code(concept.code, CodeSystem.ICD10CM) if self._version == 10 else icd9_code(concept)
        return None if code in self._codes else code


def _name(rng: Random, concept: Concept) -> str:
    return pick(rng, _plain_forms(concept)).render(rng)


@functools.lru_cache(maxsize=10_000)
def _plain_forms(concept: Concept) -> tuple[Phrase, ...]:
    """Return the names without details that only a present condition would have."""
    plain = [form for form in concept.forms if not _DETAIL.search(form.source)][:_MOST_FORMS]
    return (*(plain or concept.forms[:1]), *concept.loose)


def _treatment(rng: Random, concept: Concept) -> str:
    return pick(rng, concept.meds).render(rng)


def _drug_of(medication: str) -> str:
    return medication.split(" ", 1)[0].lower()


def _draw_treatable(rng: Random) -> Concept:
    return pick(rng, _treatable())


@functools.cache
def _treatable() -> tuple[Concept, ...]:
    return tuple(concept for concept in vocabulary().conditions if "meds" in concept.alone)


def _draw_heritable(rng: Random) -> Concept:
    return pick(rng, language().heritable)


def _draw_imaged(rng: Random) -> Concept:
    return pick(rng, language().imaged)


def _draw_deniable(rng: Random) -> Concept:
    concepts, cumulative = _deniable()
    return concepts[bisect(cumulative, rng.random() * cumulative[-1])]


@functools.cache
def _deniable() -> tuple[tuple[Concept, ...], list[float]]:
    """Return the conditions that can be denied, and cumulative weights: roughly how common they are."""
    concepts = tuple(c for c in vocabulary().conditions if c.kind != "status" and not c.places)
    weights = (c.base + c.reason / 200 + sum(p for _, p in c.clusters) / 6 for c in concepts)
    return concepts, list(itertools.accumulate(weights))
