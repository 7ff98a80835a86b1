"""The admissions of the synthetic hospital: patients, stays, conditions and codes.

This module knows nothing about notes or file layouts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from clem_icd.icd import Code
from clem_icd.synthetic.coding import code_problems
from clem_icd.synthetic.diagnoses import draw_concepts, draw_procedures
from clem_icd.synthetic.language import language
from clem_icd.synthetic.vocabulary import Concept

__all__ = [
    "FIRST_ADMISSION",
    "FIRST_SUBJECT",
    "ICD9_SHARE",
    "Admission",
    "Problem",
    "admissions",
    "draw_words",
]

# Outside the ranges of the real MIMIC-IV, so that no split file made for it matches by accident.
FIRST_SUBJECT = 90_000_001
FIRST_ADMISSION = 80_000_001

_EPOCH = datetime(2110, 1, 1)  # dates are in the future, as in the de-identified files
_EPOCH_HOURS = 90 * 365 * 24
ICD9_SHARE = 0.1  # share of the patients coded in ICD-9, in a release that mixes both versions
_STAYS = (0.76, 0.14, 0.07, 0.03)  # shares of the subjects with 1, 2, 3 and 4 admissions
_LENGTH_SPREAD = 0.62  # standard deviation of log(words); 1.3 % of the notes have 4 times the median or more
_LONGEST = 9.0  # multiple of the median length


@dataclass(frozen=True, slots=True)
class Problem:
    """A condition or procedure of one admission, with its code."""

    concept: Concept
    code: Code


@dataclass(frozen=True, slots=True)
class Admission:
    """One stay of a patient.

    Attributes
    ----------
    ordinal
        Position among the hospital's admissions, from 0.
    problems
        In order of importance: the first is the reason for admission.
    past
        Resolved conditions of earlier stays: mentioned as history, not coded.
    words
        Target length of the discharge summary.
    seed
        Seed of the random choices in its notes.

    """

    ordinal: int
    subject_id: int
    hadm_id: int
    sex: str
    age: int
    service: str
    admitted: datetime
    discharged: datetime
    icd_version: int
    problems: tuple[Problem, ...]
    past: tuple[Concept, ...]
    words: int
    seed: str

    @property
    def complaints(self) -> tuple[str, ...]:
        """Chief complaints typical of the reason for admission."""
        return self.problems[0].concept.complaints if self.problems else ()


@dataclass(slots=True)
class _Patient:
    subject_id: int
    sex: str
    age: int
    clusters: frozenset[str]
    icd_version: int
    clock: datetime
    chronic: list[Concept]
    past: list[Concept]


def admissions(count: int, seed: int, words: int, *, icd9_share: float = ICD9_SHARE) -> Iterator[Admission]:
    """Yield the first ``count`` admissions of the hospital with this seed, subject by subject.

    A larger count continues the same sequence. ``icd9_share`` is the share of the patients coded in ICD-9.
    """
    ordinal = 0
    subject = 0
    while ordinal < count:
        rng = Random(f"{seed}/{subject}")
        patient = _draw_patient(rng, FIRST_SUBJECT + subject, icd9_share)
        for _ in range(_draw_stay_count(rng)):
            if ordinal == count:
                return
            yield _draw_admission(rng, patient, ordinal, words, seed)
            ordinal += 1
        subject += 1


def draw_words(rng: Random, median: int) -> int:
    """Return the length of a discharge summary in words, log-normal around a median."""
    return round(median * min(_LONGEST, math.exp(rng.gauss(0.0, _LENGTH_SPREAD))))


def _draw_patient(rng: Random, subject_id: int, icd9_share: float) -> _Patient:
    clusters = frozenset(name for name, share in language().clusters if rng.random() < share)
    return _Patient(
        subject_id=subject_id,
        sex="F" if rng.random() < 0.52 else "M",
        age=min(97, max(19, round(rng.gauss(64, 16)))),
        clusters=clusters,
        icd_version=9 if rng.random() < icd9_share else 10,
        clock=_EPOCH + timedelta(hours=int(rng.random() * _EPOCH_HOURS)),
        chronic=[],
        past=[],
    )


def _draw_stay_count(rng: Random) -> int:
    chance = rng.random()
    for stays, share in enumerate(_STAYS, start=1):
        if chance < share:
            return stays
        chance -= share
    return len(_STAYS)


def _draw_admission(rng: Random, patient: _Patient, ordinal: int, median: int, seed: int) -> Admission:
    words = draw_words(rng, median)
    count = _draw_problem_count(rng, words)
    concepts = draw_concepts(rng, patient.clusters, patient.sex, patient.chronic, count)
    procedures = draw_procedures(rng, concepts)
    coded = code_problems((*concepts, *procedures), patient.icd_version)
    admitted = patient.clock
    discharged = admitted + timedelta(days=1 + int(rng.expovariate(0.25)), hours=int(rng.random() * 9))
    hadm_id = FIRST_ADMISSION + ordinal
    admission = Admission(
        ordinal=ordinal,
        subject_id=patient.subject_id,
        hadm_id=hadm_id,
        sex=patient.sex,
        age=patient.age,
        service=language().service(rng, patient.clusters),
        admitted=admitted,
        discharged=discharged,
        icd_version=patient.icd_version,
        problems=tuple(Problem(concept, code) for concept, code in coded),
        past=tuple(patient.past),
        words=words,
        seed=f"{seed}/{hadm_id}",
    )
    _update_patient(rng, patient, concepts, discharged)
    return admission


def _draw_problem_count(rng: Random, words: int) -> int:
    mean = 2.3 + 2.73 * math.log1p(words / 60)
    return max(3, round(rng.gauss(mean, 0.2 * mean)))


def _update_patient(rng: Random, patient: _Patient, concepts: list[Concept], discharged: datetime) -> None:
    chronic = {concept.group: concept for concept in patient.chronic}
    chronic |= {concept.group: concept for concept in concepts if concept.kind == "chronic"}
    patient.chronic = list(chronic.values())
    patient.past = [concept for concept in concepts if concept.kind == "acute"]
    patient.clock = discharged + timedelta(days=7 + int(rng.expovariate(1 / 200)))
    patient.age += (patient.clock - discharged).days // 365
