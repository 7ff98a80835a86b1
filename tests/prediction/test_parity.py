"""Comparing the probabilities of two forms of a model."""

from __future__ import annotations

import numpy as np

from clem_icd.decisions import Threshold
from clem_icd.modeling import NoteScores
from clem_icd.prediction.parity import compare


def scores(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array(values, dtype=np.float32)


def test_the_largest_difference_and_the_changed_decisions_are_counted() -> None:
    found = [NoteScores(scores(0.1, 0.55, 0.9), None, 20), NoteScores(scores(0.2, 0.3, 0.75), None, 8)]
    parity = compare([scores(0.1, 0.45, 0.9), scores(0.2, 0.3, 0.5)], found, Threshold(0.5))
    assert parity.largest_difference == 0.25
    assert (parity.decisions, parity.decisions_differing) == (6, 2)
    assert (parity.notes, parity.shortest, parity.longest) == (2, 8, 20)


def test_a_probability_that_is_not_a_number_differs_by_one() -> None:
    parity = compare([scores(0.4)], [NoteScores(scores(np.nan), None, 5)], Threshold(0.5))
    assert parity.largest_difference == 1.0
