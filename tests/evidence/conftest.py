"""Notes with random gold and predicted spans."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from clem_icd.corpus import Evidence
from clem_icd.evidence import JudgedNote
from clem_icd.icd import Code, CodeSystem

_WORDS = ("heart", "Failure", "12", "7", "(copd)", "Naïve", "İzmir", "e. coli", ",", "/", "\n", "..", "10")
_CODES = tuple(Code(value, CodeSystem.ICD9CM) for value in ("428.0", "401.9", "496"))


@pytest.fixture(scope="session")
def draw_notes() -> Callable[[int], list[JudgedNote]]:
    """Draw up to four notes of up to two admissions."""

    def drawn(seed: int) -> list[JudgedNote]:
        random_ = random.Random(seed)
        return [_note(random_, number) for number in range(random_.randint(1, 4))]

    return drawn


def _note(random_: random.Random, number: int) -> JudgedNote:
    text = " ".join(random_.choices(_WORDS, k=random_.randint(3, 20)))

    def spans() -> list[Evidence]:
        begins = [random_.randrange(len(text)) for _ in range(random_.randint(0, 6))]
        return [
            Evidence(random_.choice(_CODES), begin, min(len(text), begin + random_.randint(1, 12)))
            for begin in begins
        ]

    gold = spans()
    predicted = [span for span in gold if random_.random() < 0.5] + spans()
    return JudgedNote(f"n{number}", f"a{number // 2}", text, tuple(gold), tuple(predicted))
