"""What of an admission is written where in its note.

Every problem leaves at least one trace. Most are named, often more than once; some show only in a
medication, a laboratory value or a finding, and a reader has to know what that means.
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
    """The range of an abnormal laboratory value, what it shows, and whether it outlasts the stay."""

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
        Place to the problems that are named there, in order.
    meds, signs
        Code to the medication or finding that is written for it, as it will stand.
    labs
        Analyte to its abnormal value.

    """

    named: defaultdict[str, list[Problem]] = field(default_factory=lambda: defaultdict(list))
    meds: dict[Code, str] = field(default_factory=dict)
    signs: dict[Code, str] = field(default_factory=dict)
    labs: dict[str, AbnormalValue] = field(default_factory=dict)
    _forms: dict[Code, list[Phrase]] = field(default_factory=dict)

    def given(self, problem: Problem) -> str | None:
        """Return the treatment of a problem that ends with the stay, if there is one."""
        med = self.meds.get(problem.code)
        return med if med and problem.concept.kind == "acute" and _INPATIENT.search(med) else None

    def taken(self, problem: Problem) -> str | None:
        """Return the medication of a problem that goes on the lists, if there is one."""
        return None if self.given(problem) else self.meds.get(problem.code)

    def surface(self, rng: Random, problem: Problem) -> str:
        """Return a name for a problem: one that says exactly what it is first, any other later."""
        forms = self._forms.get(problem.code)
        if forms is None:
            self._forms[problem.code] = [*problem.concept.forms, *problem.concept.loose]
            return pick(rng, problem.concept.forms).render(rng)
        return pick(rng, forms).render(rng)


def plan_note(rng: Random, admission: Admission, *, brief: bool) -> Plan:
    """Choose the traces of every problem of an admission."""
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
        _show(rng, plan, problem, "labs")  # a finding told in words must not be denied by a normal table
    return shown


def _support(rng: Random, plan: Plan, problem: Problem, *, brief: bool) -> None:
    for way, chance in _SUPPORTED.items():
        if rng.random() < (_SUPPORTED_BRIEF if brief else chance):
            _show(rng, plan, problem, way)


def _show(rng: Random, plan: Plan, problem: Problem, way: str) -> bool:
    """Plan a trace other than the name; false if there is no such trace, or its place is taken."""
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
