"""A small label space with siblings, and random decisions on it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from clem_icd.icd import Code, CodeSystem

Decisions = tuple[NDArray[np.bool_], NDArray[np.bool_]]


@pytest.fixture(scope="session")
def codes() -> tuple[Code, ...]:
    """Four categories of ICD-10-CM with 4, 2, 1 and 1 codes, and a procedure, in label order."""
    diagnoses = ("E11.21", "E11.22", "E11.65", "E11.9", "I10", "I48.0", "I48.91", "N17.9")
    procedure = Code("02703ZZ", CodeSystem.ICD10PCS)
    return tuple(sorted([procedure, *(Code(value, CodeSystem.ICD10CM) for value in diagnoses)]))


@pytest.fixture(scope="session")
def draw(codes: tuple[Code, ...]) -> Callable[..., Decisions]:
    """Draw targets and decisions [notes, labels] that partly agree."""

    def drawn(seed: int, notes: int = 12) -> Decisions:
        random = np.random.default_rng(seed)
        targets = random.random((notes, len(codes))) < 0.3
        given = np.where(random.random(targets.shape) < 0.6, targets, random.random(targets.shape) < 0.25)
        return targets, given

    return drawn
