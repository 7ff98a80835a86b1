"""Policies: ways of choosing a decision rule, using scores of the validation split only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from clem_icd.decisions.arrays import BoolArray, FloatArray, IntArray, check_arrays, ratio, row_chunks
from clem_icd.decisions.curves import threshold_curve
from clem_icd.decisions.cuts import best_cut
from clem_icd.decisions.frequency import bucket_masks
from clem_icd.decisions.rules import AtLeast, ExpectedF1, LabelThresholds, Rule, Threshold, TopK
from clem_icd.decisions.scaling import check_probabilities, logit, platt
from clem_icd.errors import ScoresError

__all__ = [
    "EDIN2024_GRID",
    "FIXED",
    "POLICIES",
    "SHRINKAGE",
    "Policy",
    "PolicyName",
    "choose_rule",
    "per_code_thresholds",
]

PolicyName = Literal["edin2024", "exact", "frequency", "per-code", "top-k", "expected-f1", "fixed"]

EDIN2024_GRID = np.linspace(0.0, 1.0, 100)
"""The thresholds of Edin et al. 2024: 100 equally spaced points; 0.5 is not one of them."""

FIXED = 0.5
"""The probability from which ``fixed`` assigns a code, as in the published code of CLEM-ICD (Cross 2025)."""

SHRINKAGE = 10.0
"""The number of validation positives at which a code's own threshold and the common one weigh the same."""

_LABELS_AT_ONCE = 256


@dataclass(frozen=True)
class Policy:
    """A way of choosing a rule.

    Attributes
    ----------
    title
        What is chosen, in a few words.
    sentence
        What is chosen and how, for the model card.
    choose
        Chooses a rule from targets and scores [notes, labels] and training counts [labels].

    """

    title: str
    sentence: str
    choose: Callable[[BoolArray, FloatArray, IntArray], Rule]


def choose_rule(policy: PolicyName, targets: BoolArray, scores: FloatArray, train_counts: IntArray) -> Rule:
    """Choose a rule on the validation split.

    Parameters
    ----------
    policy
        One of ``POLICIES``.
    targets
        Which notes carry which labels [notes, labels].
    scores
        The system's scores [notes, labels].
    train_counts
        Training notes of each label [labels].

    Raises
    ------
    ScoresError
        If the policy is unknown, it needs probabilities and the scores are not, or the arrays do not
        match, are empty, contain NaN or have no positives.

    """
    if policy not in POLICIES:
        raise ScoresError(f"unknown policy {policy!r}", remedy=f"Choose one of {', '.join(POLICIES)}")
    check_arrays(targets, scores)
    if not targets.any():
        raise ScoresError(
            "no note has a code, so no rule is better than another",
            remedy="Choose on a validation split with coded notes",
        )
    return POLICIES[policy].choose(targets, scores, train_counts)


def per_code_thresholds(
    targets: BoolArray, scores: FloatArray, shrinkage: float = SHRINKAGE
) -> NDArray[np.float64]:
    """Return the best threshold of each label, shrunk towards the best common threshold [labels].

    Its logit is w own + (1 - w) common with w = n / (n + ``shrinkage``), where n is the number of
    positives of the label and both thresholds are exact optima. A label without positives gets the common
    threshold.
    """
    from scipy.special import expit

    check_probabilities(scores)
    common = _exact(targets, scores)
    own = _own_cuts(targets, scores, common)
    positives = np.count_nonzero(targets, axis=0)
    weights = ratio(positives, positives + shrinkage)
    shrunk = expit(weights * logit(own) + (1 - weights) * logit(np.array(common)))
    return np.where(positives > 0, shrunk, common)


def _own_cuts(targets: BoolArray, scores: FloatArray, common: float) -> NDArray[np.float64]:
    cuts = np.full(scores.shape[1], common)
    for begin in range(0, scores.shape[1], _LABELS_AT_ONCE):
        block = slice(begin, begin + _LABELS_AT_ONCE)
        # A label's scores are far apart in memory; a contiguous copy sorts much faster.
        columns = np.ascontiguousarray(scores[:, block].T)
        wanted = np.ascontiguousarray(targets[:, block].T)
        for label in np.flatnonzero(wanted.any(axis=1)):
            cut = best_cut(wanted[label][:, np.newaxis], columns[label][:, np.newaxis])
            cuts[begin + label] = common if cut is None else cut
    return cuts


def _exact(targets: BoolArray, scores: FloatArray) -> float:
    cut = best_cut(targets, scores)
    if cut is None:
        raise ValueError("there are no positives")
    return cut


def _on_grid(targets: BoolArray, scores: FloatArray) -> float:
    check_probabilities(scores)
    return float(EDIN2024_GRID[int(np.argmax(threshold_curve(targets, scores, EDIN2024_GRID)))])


def _by_frequency(targets: BoolArray, scores: FloatArray, train_counts: IntArray) -> NDArray[np.float64]:
    thresholds = np.full(scores.shape[1], _exact(targets, scores))
    for inside in bucket_masks(train_counts, scores.shape[1]).values():
        cut = best_cut(targets, scores, inside)
        # A threshold below every score would assign all labels of the group to every note. It has the best
        # F1 for codes that the system never learned, and is useless.
        if cut is not None and not (scores[:, inside] > cut).all():
            thresholds[inside] = cut
    return thresholds


def _best_k(targets: BoolArray, scores: FloatArray) -> int:
    hits = np.zeros(scores.shape[1], dtype=np.int64)
    for rows in row_chunks(scores):
        order = np.argsort(-scores[rows], axis=1, kind="stable")
        hits += np.count_nonzero(np.take_along_axis(targets[rows], order, axis=1), axis=0)
    assigned = len(scores) * np.arange(1, scores.shape[1] + 1)
    return 1 + int(np.argmax(ratio(2 * hits.cumsum(), assigned + np.count_nonzero(targets))))


def _expected_f1(targets: BoolArray, scores: FloatArray) -> ExpectedF1:
    fitted = platt(targets, scores)
    return ExpectedF1(fitted.slope, fitted.intercept)


def _fixed(scores: FloatArray) -> AtLeast:
    check_probabilities(scores)
    return AtLeast(FIXED)


POLICIES: Mapping[PolicyName, Policy] = {
    "edin2024": Policy(
        "one threshold, best of 100",
        "one global threshold: of 100 from 0 to 1, the one with the highest micro-F1 on the validation split",
        lambda targets, scores, _: Threshold(_on_grid(targets, scores)),
    ),
    "exact": Policy(
        "one threshold, exact optimum",
        "one global threshold: of all possible ones, the one with the highest micro-F1 on the validation "
        "split",
        lambda targets, scores, _: Threshold(_exact(targets, scores)),
    ),
    "frequency": Policy(
        "one threshold per frequency group",
        "one threshold for each group of labels with similar training frequency: "
        "the one with the highest pooled F1 of the group on the validation split",
        lambda *arrays: LabelThresholds(_by_frequency(*arrays)),
    ),
    "per-code": Policy(
        "one threshold per code",
        "one threshold for each label: the one with the highest F1 of the label on the validation split, "
        f"shrunk towards the global threshold with the weight of {SHRINKAGE:g} positives",
        lambda targets, scores, _: LabelThresholds(per_code_thresholds(targets, scores)),
    ),
    "top-k": Policy(
        "equally many codes per note",
        "the same number of codes for every note: the one with the highest micro-F1 on the validation split",
        lambda targets, scores, _: TopK(_best_k(targets, scores)),
    ),
    "expected-f1": Policy(
        "best set of codes per note",
        "for each note, the set of codes with the highest expected F1, "
        "using probabilities that were Platt-scaled on the validation split",
        lambda targets, scores, _: _expected_f1(targets, scores),
    ),
    "fixed": Policy(
        f"one threshold, always {FIXED:g}",
        f"one global threshold: always {FIXED:g}, not chosen on the validation split",
        lambda _, scores, __: _fixed(scores),
    ),
}
"""The policies by name."""
