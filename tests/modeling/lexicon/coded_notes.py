"""Training notes of a few words for tests of the lexicon, and the names of their codes."""

from __future__ import annotations

import random
from collections.abc import Sequence

from clem_icd.corpus import Evidence
from clem_icd.icd import Code, CodeSystem
from clem_icd.modeling.lexicon.fitting import TrainingNote
from clem_icd.modeling.lexicon.titles import Name, TitleIndex

NAMES = {
    "E11.9": "type 2 diabetes mellitus",
    "I10": "essential hypertension",
    "I21.9": "acute myocardial infarction",
    "I48.91": "atrial fibrillation",
    "I50.9": "heart failure",
    "I50.21": "acute systolic heart failure",
    "J18.9": "pneumonia",
    "J15.1": "pneumonia pseudomonas",
    "K80.20": "calculus of gallbladder",
    "N17.9": "acute kidney failure",
    "R07.9": "chest pain",
}
"""The names of the codes of `index`; ``Z99.9`` has none."""

MENTIONS = {
    "I10": ("high blood pressure", "hypertension"),
    "I21.9": ("myocardial infarction", "heart attack"),
    "I50.9": ("heart failure", "weak heart"),
    "J18.9": ("pneumonia", "lung infection"),
    "N17.9": ("acute renal failure", "kidney failure"),
    "R07.9": ("pain in the chest", "chest pain"),
    "Z99.9": ("home ventilator",),
}
FILLER = (
    "quiet night on the ward.",
    "blood drawn today.",
    "acute distress not seen.",
    "the left knee hurts.",
)


def code(value: str) -> Code:
    return Code(value, CodeSystem.ICD10CM)


def index() -> TitleIndex:
    return TitleIndex.of([Name(code(value), name, "en") for value, name in NAMES.items()], [code("Z99.9")])


def training_note(number: int, *, marked: bool) -> TrainingNote:
    """Return note ``number``, the same for every call; two notes in a row are of one patient.

    Of six mentions, one is not coded, so that none is certain.
    """
    random_ = random.Random(number)
    text, codes, evidence = "", set(), []
    for value in random_.sample(sorted(MENTIONS), 3):
        mention = random_.choice(MENTIONS[value])
        text += f"{random_.choice(FILLER)} "
        if random_.random() < 0.85:
            codes.add(code(value))
            evidence.append(Evidence(code(value), len(text), len(text) + len(mention)))
        text += f"{mention}. "
    return TrainingNote(text, tuple(sorted(codes)), tuple(evidence) if marked else (), f"s{number // 2}")


def training_notes(count: int, *, marked: bool) -> list[TrainingNote]:
    return [training_note(number, marked=marked) for number in range(count)]


def places(values: Sequence[str]) -> list[int]:
    """Return the places of codes in the code space of `index`."""
    return [index().codes.index(code(value)) for value in values]
