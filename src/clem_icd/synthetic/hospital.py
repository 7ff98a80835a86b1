"""What happens in the synthetic hospital: who is admitted, with what, and how that is coded.

Nothing here knows how a note is written or a file looks.
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

__all__ = ["FIRST_ADMISSION", "FIRST_SUBJECT", "ICD9_SHARE", "Admission", "Problem", "admissions"]

# Real MIMIC-IV numbers lie in other ranges, so that no split file made for it fits by accident.
FIRST_SUBJECT = 90_000_001
FIRST_ADMISSION = 80_000_001

_EPOCH = datetime(2110, 1, 1)  # dates lie in the future, as in the de-identified files
_EPOCH_HOURS = 90 * 365 * 24
ICD9_SHARE = 0.1  # of the patients are coded in ICD-9, where a release mixes both
_STAYS = (0.76, 0.14, 0.07, 0.03)  # how many subjects have 1, 2, 3, 4 admissions
_LENGTH_SPREAD = 0.62  # of the logarithm of a note's words; 1.3 % are 4 times the median or more
_LONGEST = 9.0  # times the median


@dataclass(frozen=True, slots=True)
class Problem:
    """A condition or procedure of one admission, as it was coded."""

    concept: Concept
    code: Code


@dataclass(frozen=True, slots=True)
class Admission:
    """One stay.

    Attributes
    ----------
    ordinal
        Which admission of its hospital it is: 0 is the first.
    problems
        In order of importance: the first is the reason for admission.
    past
        Conditions of earlier stays that are over: told as history, not coded.
    words
        How long a note its physician writes.
    seed
        Of the random choices in its note.

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
        """The symptoms that the reason for admission comes with."""
        return self.problems[0].concept.complaints if self.problems else ()


@dataclass(slots=True)
class _Patient:
    subject_id: int
    sex: str
    age: int
    clusters: frozenset[str]
    icd_version: int
    clock: datetime
    lasting: list[Concept]
    past: list[Concept]


def admissions(count: int, seed: int, words: int, *, icd9_share: float = ICD9_SHARE) -> Iterator[Admission]:
    """Give the first ``count`` admissions of the hospital with this seed, subject by subject.

    A larger count continues the same sequence. ``icd9_share`` of the patients are coded in ICD-9.
    """
    ordinal = 0
    subject = 0
    while ordinal < count:
        rng = Random(f"{seed}/{subject}")
        patient = _patient(rng, FIRST_SUBJECT + subject, icd9_share)
        for _ in range(_stays(rng)):
            if ordinal == count:
                return
            yield _admission(rng, patient, ordinal, words, seed)
            ordinal += 1
        subject += 1


def _patient(rng: Random, subject_id: int, icd9_share: float) -> _Patient:
    clusters = frozenset(name for name, share in language().clusters if rng.random() < share)
    return _Patient(
        subject_id=subject_id,
        sex="F" if rng.random() < 0.52 else "M",
        age=min(97, max(19, round(rng.gauss(64, 16)))),
        clusters=clusters,
        icd_version=9 if rng.random() < icd9_share else 10,
        clock=_EPOCH + timedelta(hours=int(rng.random() * _EPOCH_HOURS)),
        lasting=[],
        past=[],
    )


def _stays(rng: Random) -> int:
    chance = rng.random()
    for stays, share in enumerate(_STAYS, start=1):
        if chance < share:
            return stays
        chance -= share
    return len(_STAYS)


def _admission(rng: Random, patient: _Patient, ordinal: int, median: int, seed: int) -> Admission:
    words = round(median * min(_LONGEST, math.exp(rng.gauss(0.0, _LENGTH_SPREAD))))
    concepts = draw_concepts(rng, patient.clusters, patient.sex, patient.lasting, _problem_count(rng, words))
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
    _go_home(rng, patient, concepts, discharged)
    return admission


def _problem_count(rng: Random, words: int) -> int:
    mean = 2.3 + 2.73 * math.log1p(words / 60)
    return max(3, round(rng.gauss(mean, 0.2 * mean)))


def _go_home(rng: Random, patient: _Patient, concepts: list[Concept], discharged: datetime) -> None:
    lasting = {concept.group: concept for concept in patient.lasting}
    lasting |= {concept.group: concept for concept in concepts if concept.kind == "chronic"}
    patient.lasting = list(lasting.values())
    patient.past = [concept for concept in concepts if concept.kind == "acute"]
    patient.clock = discharged + timedelta(days=7 + int(rng.expovariate(1 / 200)))
    patient.age += (patient.clock - discharged).days // 365
