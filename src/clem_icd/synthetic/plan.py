"""Which problem of an admission is mentioned in which section of its note.

Every problem leaves at least one trace. Most are named, often more than once; some show only as a
medication, a laboratory value or a finding that the reader has to interpret.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from clem_icd.icd import Code
from clem_icd.synthetic.hospital import Admission, Problem
from clem_icd.synthetic.phrases import Phrase, pick
from clem_icd.synthetic.vocabulary import Concept

__all__ = ["AbnormalValue", "Plan", "plan_note"]

_PLACES = {
    "acute": ("hpi", "course", "diagnosis"),
    "chronic": ("history", "course", "diagnosis"),
    "status": ("history",),
    "procedure": ("procedure", "course"),
}
_NAMED = {"hpi": 0.5, "course": 0.7, "diagnosis": 0.55, "history": 0.85, "procedure": 0.9}
_NAMED_ELSEWHERE = 0.9
_NAMED_AGAIN_BRIEF = 0.15
_ONLY_IMPLIED = 0.25
_SUPPORTED = {"meds": 0.6, "labs": 0.9, "signs": 0.5}
_SUPPORTED_BRIEF = 0.2
_INPATIENT = re.compile(r"\b(?:IV|gtt|x1|NGT|taper|CIWA|neb|induction)\b")


@dataclass(frozen=True, slots=True)
class AbnormalValue:
    """The range of an abnormal laboratory value, the code it shows, and whether it outlasts the stay."""

    code: Code
    low: float
    high: float
    lasting: bool


@dataclass(slots=True)
class Plan:
    """The traces of an admission's problems.

    Attributes
    ----------
    named
        Problems named in each section, in order.
    meds, signs
        Medication or finding for each code, exactly as it will be written.
    labs
        Abnormal value of each analyte.

    """

    named: defaultdict[str, list[Problem]] = field(default_factory=lambda: defaultdict(list))
    meds: dict[Code, str] = field(default_factory=dict)
    signs: dict[Code, str] = field(default_factory=dict)
    labs: dict[str, AbnormalValue] = field(default_factory=dict)
    _forms: dict[Code, list[Phrase]] = field(default_factory=dict)

    def inpatient_treatment(self, problem: Problem) -> str | None:
        """Return the medication of a problem if it ends with the stay, else None."""
        med = self.meds.get(problem.code)
        return med if med and problem.concept.kind == "acute" and _INPATIENT.search(med) else None

    def listed_medication(self, problem: Problem) -> str | None:
        """Return the medication of a problem if it belongs on the medication lists, else None."""
        return None if self.inpatient_treatment(problem) else self.meds.get(problem.code)

    def surface(self, rng: Random, problem: Problem) -> str:
        """Draw a name for a problem: a specific one the first time, any of its names later."""
        forms = self._forms.get(problem.code)
        if forms is None:
            self._forms[problem.code] = [*problem.concept.forms, *problem.concept.loose]
            return pick(rng, problem.concept.forms).render(rng)
        return pick(rng, forms).render(rng)


def plan_note(rng: Random, admission: Admission, *, brief: bool) -> Plan:
    """Choose the traces of every problem in an admission."""
    plan = Plan()
    for at, problem in enumerate(admission.problems):
        implied = at > 0 and rng.random() < _ONLY_IMPLIED and _imply(rng, plan, problem)
        if not implied:
            for place in _places(rng, problem.concept, reason=at == 0, brief=brief):
                plan.named[place].append(problem)
            _support(rng, plan, problem, brief=brief)
    return plan


def _imply(rng: Random, plan: Plan, problem: Problem) -> bool:
    concept = problem.concept
    if not concept.alone:
        return False
    way = pick(rng, concept.alone)
    shown = _show(rng, plan, problem, way)
    if shown and way == "signs":
        _show(rng, plan, problem, "labs")  # or a normal lab table could contradict the finding
    return shown


def _support(rng: Random, plan: Plan, problem: Problem, *, brief: bool) -> None:
    for way, chance in _SUPPORTED.items():
        if rng.random() < (_SUPPORTED_BRIEF if brief else chance):
            _show(rng, plan, problem, way)


def _show(rng: Random, plan: Plan, problem: Problem, way: str) -> bool:
    """Plan a trace other than the name; False if the concept has none of this kind or it is already used."""
    concept = problem.concept
    if way == "labs":
        free = [name for name in concept.labs or () if name not in plan.labs]
        if free and concept.labs:
            name = pick(rng, free)
            plan.labs[name] = AbnormalValue(
                problem.code, *concept.labs[name], lasting=concept.kind == "chronic"
            )
        return bool(free)
    phrases, shown = (concept.meds, plan.meds) if way == "meds" else (concept.signs, plan.signs)
    if not phrases:
        return False
    surface = pick(rng, phrases).render(rng)
    if surface in shown.values():
        return False
    shown[problem.code] = surface
    return True


def _places(rng: Random, concept: Concept, *, reason: bool, brief: bool) -> Iterable[str]:
    usual = concept.places or _PLACES[concept.kind]
    if brief:
        chosen = [pick(rng, usual)]
        if rng.random() < _NAMED_AGAIN_BRIEF:
            chosen.append(pick(rng, usual))
        return dict.fromkeys(chosen)
    if reason:
        return usual
    return [place for place in usual if rng.random() < _NAMED.get(place, _NAMED_ELSEWHERE)] or [
        pick(rng, usual)
    ]
