"""Fitting slope and intercept of logits: known values are recovered."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from clem_icd.decisions import arrays as own_arrays
from clem_icd.decisions.scaling import Scaling, logit, platt, temperature
from clem_icd.errors import ScoresError

Drawn = tuple[NDArray[np.bool_], NDArray[np.float32]]


def drawn(slope: float, intercept: float, *, notes: int = 2000, labels: int = 50) -> Drawn:
    """Draw scores, and targets with probability sigmoid(slope logit(score) + intercept) [notes, labels]."""
    random = np.random.default_rng(0)
    logits = random.normal(-2, 2, (notes, labels))
    targets = random.random(logits.shape) < expit(slope * logits + intercept)
    return targets, expit(logits).astype(np.float32)


@pytest.mark.parametrize("known", [0.5, 1.0, 2.5])
def test_a_known_temperature_is_recovered(known: float) -> None:
    found = temperature(*drawn(1 / known, 0))
    assert found.temperature == pytest.approx(known, rel=0.03)
    assert found.intercept == 0


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.6, -0.8), (1.5, 1.0)])
def test_a_known_slope_and_intercept_are_recovered(slope: float, intercept: float) -> None:
    found = platt(*drawn(slope, intercept))
    assert (found.slope, found.intercept) == pytest.approx((slope, intercept), abs=0.04)


def test_the_fit_maximises_the_likelihood() -> None:
    targets, scores = drawn(0.7, -0.5, notes=40, labels=5)
    positives, logits = targets.sum(), logit(scores)
    soft = np.where(targets, (positives + 1) / (positives + 2), 1 / (targets.size - positives + 2))

    def loss(line: NDArray[np.float64]) -> float:
        chance = expit(line[0] * logits + (line[1] if len(line) > 1 else 0))
        return -float((soft * np.log(chance) + (1 - soft) * np.log(1 - chance)).sum())

    tight = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000}
    both = minimize(loss, [1.0, 0.0], method="Nelder-Mead", options=tight).x
    found = platt(targets, scores)
    assert (found.slope, found.intercept) == pytest.approx(tuple(both), abs=1e-5)
    [alone] = minimize(loss, [1.0], method="Nelder-Mead", options=tight).x
    assert temperature(targets, scores).slope == pytest.approx(alone, abs=1e-5)


def test_perfectly_separating_scores_have_a_finite_fit() -> None:
    targets = np.eye(8, dtype=np.bool_)
    for fit in (temperature, platt):
        found = fit(targets, np.where(targets, 0.9, 0.1).astype(np.float32))
        assert np.isfinite([found.slope, found.intercept]).all()
        assert found.slope > 1


def test_uninformative_scores_are_scaled_to_the_share_of_positives() -> None:
    targets = np.eye(10, dtype=np.bool_)
    scores = np.full((10, 10), 0.5, dtype=np.float32)
    assert platt(targets, scores).apply(scores) == pytest.approx(0.1, abs=0.01)
    assert temperature(targets, scores).apply(scores) == pytest.approx(0.5)


def test_temperature_scaling_never_reverses_the_order() -> None:
    targets = np.eye(8, dtype=np.bool_)
    scores = np.where(targets, 0.1, 0.9).astype(np.float32)
    assert temperature(targets, scores).temperature == pytest.approx(1000)
    assert platt(targets, scores).slope < 0


def test_scores_of_zero_and_one_stay_finite() -> None:
    targets, scores = drawn(1, 0, notes=50, labels=4)
    scores[:5], scores[5:10] = 0, 1
    for fit in (temperature, platt):
        scaled = fit(targets, scores).apply(scores)
        assert np.isfinite(scaled).all()
        assert ((scaled >= 0) & (scaled <= 1)).all()


def test_scaling_preserves_shape_precision_and_order() -> None:
    scores = np.linspace(0.001, 0.999, 60, dtype=np.float32).reshape(6, 10)
    scaled = Scaling(0.5, -1).apply(scores)
    assert scaled.dtype == np.float32
    assert scaled.shape == (6, 10)
    assert (np.diff(scaled.ravel()) > 0).all()
    assert Scaling(1).apply(scores) == pytest.approx(scores, abs=1e-7)


def test_the_fit_does_not_depend_on_the_chunk_size(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = drawn(0.7, -0.5, notes=60, labels=5)
    whole = platt(*arrays)
    monkeypatch.setattr(own_arrays, "_CELLS_PER_CHUNK", 35)
    in_chunks = platt(*arrays)
    assert (in_chunks.slope, in_chunks.intercept) == pytest.approx((whole.slope, whole.intercept), abs=1e-9)


@pytest.mark.parametrize("wrong", [-0.1, 1.1])
def test_scores_outside_zero_to_one_are_refused(wrong: float) -> None:
    targets, scores = drawn(1, 0, notes=5, labels=4)
    scores[2, 1] = wrong
    for fit in (temperature, platt):
        with pytest.raises(ScoresError, match="expected probabilities from 0 to 1"):
            fit(targets, scores)
