"""The best set of labels, compared with all sets and all outcomes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from clem_icd.decisions import expected_f1 as module
from clem_icd.decisions.expected_f1 import best_labels, expected_f1

Doubles = NDArray[np.float64]


def by_outcomes(probabilities: Doubles, assigned: tuple[bool, ...]) -> float:
    """Average the F1 of a set over all outcomes, weighted by their probability."""
    total = 0.0
    for outcome in product((False, True), repeat=len(probabilities)):
        chance = np.prod([p if true else 1 - p for p, true in zip(probabilities, outcome, strict=True)])
        hits = sum(a and b for a, b in zip(outcome, assigned, strict=True))
        total += float(chance) * (2 * hits / (sum(outcome) + sum(assigned)) if hits else 0.0)
    return total


def by_sums(descending: Doubles, size: int) -> float:
    """Average the F1 of the most probable labels over the number of true labels inside and outside."""
    inside, outside = (true_counts(part) for part in (descending[:size], descending[size:]))
    hits, others = np.arange(len(inside))[:, np.newaxis], np.arange(len(outside))
    return float((inside[:, np.newaxis] * outside * 2 * hits / (size + hits + others)).sum())


def true_counts(probabilities: Doubles) -> Doubles:
    chances = np.ones(1)
    for probability in probabilities:
        chances = np.convolve(chances, [1 - probability, probability])
    return chances


@settings(max_examples=60, deadline=None)
@given(probabilities=arrays.arrays(np.float64, st.integers(1, 5), elements=st.floats(0, 1)))
def test_the_set_has_the_highest_expected_f1(probabilities: Doubles) -> None:
    chosen = best_labels(probabilities)
    assigned = tuple(label in chosen for label in range(len(probabilities)))
    best = max(by_outcomes(probabilities, one) for one in product((False, True), repeat=len(probabilities)))
    assert by_outcomes(probabilities, assigned) == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize("labels", [1, 30, 900])
@pytest.mark.parametrize("power", [1, 3, 12])
def test_the_integral_equals_the_exact_sum(labels: int, power: int) -> None:
    descending = np.sort(np.random.default_rng(labels).random(labels) ** power)[::-1]
    descending[: labels // 20] = 1.0
    expected = expected_f1(descending, labels)
    assert expected.shape == (labels,)
    for size in {1, min(7, labels), labels // 2 + 1, labels}:
        assert expected[size - 1] == pytest.approx(by_sums(descending, size), abs=1e-10)


@pytest.mark.parametrize("power", [1, 2, 20, 60])
def test_early_stopping_finds_the_same_set_as_trying_all_sizes(
    power: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    probabilities = np.random.default_rng(power).random(700) ** power
    descending = np.sort(probabilities)[::-1]
    expected = int(expected_f1(descending, 700).argmax()) + 1
    monkeypatch.setattr(module, "_FIRST_SIZES", 2)
    chosen = best_labels(probabilities)
    assert len(chosen) == expected
    assert (probabilities[chosen] == descending[:expected]).all()


def test_certain_labels_are_assigned() -> None:
    assert best_labels(np.array([0.0, 1.0, 0.0, 1.0])).tolist() == [1, 3]


def test_a_note_without_likely_labels_still_gets_labels() -> None:
    assert best_labels(np.zeros(4)).tolist() == [0]
    # Two labels double the chance of an F1 of 2/3.
    assert best_labels(np.array([0.0, 1e-9, 1e-9])).tolist() == [1, 2]
