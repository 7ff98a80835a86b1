"""Calibrating probabilities on validation: temperature and Platt scaling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clem_icd.decisions.arrays import BoolArray, FloatArray, check_arrays, row_chunks
from clem_icd.errors import ScoresError

__all__ = ["Scaling", "check_probabilities", "logit", "platt", "temperature"]

Doubles = NDArray[np.float64]

_EDGE = 2.0**-24
"""Logits are clipped this far from 0 and 1: the distance from 1 to the next lower single-precision number."""

_LEAST_SLOPE = 1e-3


@dataclass(frozen=True)
class Scaling:
    """A linear function of the logit: sigmoid(slope logit(score) + intercept).

    With an intercept of 0 this is temperature scaling, and the slope is the inverse of the temperature.
    """

    slope: float
    intercept: float = 0.0

    @property
    def temperature(self) -> float:
        """The divisor of the logits, ignoring the intercept."""
        return 1 / self.slope

    def apply(self, scores: FloatArray) -> FloatArray:
        """Return the scaled probabilities, in the shape and precision of the scores."""
        # Imported here: coding a note with a single threshold needs none of scipy.
        from scipy.special import expit

        scaled: FloatArray = expit(self.slope * logit(scores) + self.intercept).astype(scores.dtype)
        return scaled


def logit(probabilities: FloatArray) -> Doubles:
    """Return log(p / (1 - p)), with p clipped to 2^-24 from 0 and 1 so that the result is finite."""
    kept = np.clip(probabilities.astype(np.float64), _EDGE, 1 - _EDGE)
    return np.asarray(np.log(kept) - np.log1p(-kept))


def temperature(targets: BoolArray, scores: FloatArray) -> Scaling:
    """Fit the temperature that maximises the likelihood of the targets (Guo et al. 2017).

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    scores
        Probabilities of the validation split [notes, labels].

    Raises
    ------
    ScoresError
        If the arrays do not match, are empty, or a score is not a probability.

    """
    [slope] = _fit(targets, scores, intercept=False)
    # The loss is convex in the slope, so the nearest allowed slope is the best allowed one.
    return Scaling(max(float(slope), _LEAST_SLOPE))


def platt(targets: BoolArray, scores: FloatArray) -> Scaling:
    """Fit the slope and intercept that maximise the likelihood of the targets (Platt 1999).

    Parameters and errors are those of `temperature`.
    """
    slope, intercept = _fit(targets, scores, intercept=True)
    return Scaling(float(slope), float(intercept))


def check_probabilities(scores: FloatArray) -> None:
    """Raise unless all scores are probabilities.

    Raises
    ------
    ScoresError
        If one is below 0 or above 1.

    """
    lowest = min(float(scores[rows].min()) for rows in row_chunks(scores))
    highest = max(float(scores[rows].max()) for rows in row_chunks(scores))
    if lowest < 0 or highest > 1:
        raise ScoresError(
            f"the scores range from {lowest:.4g} to {highest:.4g}, expected probabilities from 0 to 1",
            remedy="Pass probabilities; the policies exact, frequency and top-k accept any scores",
        )


def _fit(targets: BoolArray, scores: FloatArray, *, intercept: bool) -> Doubles:
    from scipy.optimize import minimize

    check_arrays(targets, scores)
    check_probabilities(scores)
    loss = _Loss(targets, scores)
    free = 2 if intercept else 1
    start = np.array([1.0, 0.0])[:free]
    found = minimize(
        lambda line: loss.at(line).value,
        start,
        method="trust-exact",
        jac=lambda line: loss.at(line).gradient[:free],
        hess=lambda line: loss.at(line).curvature[:free, :free],
        options={"gtol": 1e-9, "maxiter": 200},
    )
    fitted: Doubles = found.x
    return fitted


@dataclass(frozen=True)
class _Point:
    value: float
    gradient: Doubles
    curvature: Doubles


class _Loss:
    """The cross-entropy of scaled scores as a function of slope and intercept, divided by positives + 1.

    The targets are Platt's: (P + 1) / (P + 2) instead of 1 and 1 / (N + 2) instead of 0, for P positive and
    N negative pairs of a note and a label. The minimum is then finite even if the scores separate the two.
    """

    def __init__(self, targets: BoolArray, scores: FloatArray) -> None:
        self._scores = scores
        positives = int(np.count_nonzero(targets))
        self._scale = positives + 1.0
        positive, negative = (positives + 1) / (positives + 2), 1 / (targets.size - positives + 2)
        self._linear = np.zeros(2)
        for rows in row_chunks(scores):
            logits = logit(scores[rows])
            soft = np.where(targets[rows], positive, negative)
            self._linear += (float((soft * logits).sum()), float(soft.sum()))
        self._last: tuple[bytes, _Point] | None = None

    def at(self, line: Doubles) -> _Point:
        """Return the loss and its derivatives, cached: scipy requests them one by one at the same point."""
        if self._last is None or self._last[0] != line.tobytes():
            self._last = line.tobytes(), self._compute(line)
        return self._last[1]

    def _compute(self, line: Doubles) -> _Point:
        from scipy.special import expit

        slope, intercept = line[0], line[1] if len(line) > 1 else 0.0
        value = -float(slope * self._linear[0] + intercept * self._linear[1])
        gradient, curvature = -self._linear, np.zeros((2, 2))
        for rows in row_chunks(self._scores):
            logits = logit(self._scores[rows])
            scaled = slope * logits + intercept
            # log(1 + exp(z)) in a form that does not overflow.
            value += float((np.maximum(scaled, 0) + np.log1p(np.exp(-np.abs(scaled)))).sum())
            probabilities = expit(scaled)
            gradient += np.array(((probabilities * logits).sum(), probabilities.sum()))
            weights = probabilities * (1 - probabilities)
            first, second = (weights * logits).sum(), (weights * logits**2).sum()
            curvature += ((second, first), (first, weights.sum()))
        return _Point(value / self._scale, gradient / self._scale, curvature / self._scale)
