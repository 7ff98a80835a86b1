from __future__ import annotations

import numpy as np

from clem_icd.evaluation.identity import identity_of
from clem_icd.icd import Code, CodeSystem

IDS = ["n2", "n1", "n3"]
LABELS = [Code("A01.0", CodeSystem.ICD10CM), Code("I10", CodeSystem.ICD10CM)]
TARGETS = np.array([[1, 0], [1, 1], [0, 0]], dtype=bool)


def test_the_order_of_the_notes_does_not_matter() -> None:
    order = [2, 0, 1]
    shuffled = identity_of([IDS[row] for row in order], LABELS, TARGETS[order])
    assert shuffled == identity_of(IDS, LABELS, TARGETS)


def test_each_checksum_covers_its_own_part() -> None:
    whole = identity_of(IDS, LABELS, TARGETS)
    other_code = TARGETS.copy()
    other_code[2, 1] = True
    assert changed(whole, identity_of(IDS, LABELS, other_code)) == {"codes"}
    assert changed(whole, identity_of(["n2", "n1", "n4"], LABELS, TARGETS)) == {"notes", "codes"}
    wider = [*LABELS, Code("J18.9", CodeSystem.ICD10CM)]
    assert changed(whole, identity_of(IDS, wider, np.pad(TARGETS, ((0, 0), (0, 1))))) == {"labels"}


def changed(one: dict[str, str], other: dict[str, str]) -> set[str]:
    """Return which checksums differ."""
    return {name for name, value in one.items() if other[name] != value}
