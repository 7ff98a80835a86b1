"""Reliability curve, calibration error and Brier score: is a probability of 0.7 right in 7 of 10 cases?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clem_icd.decisions.arrays import BoolArray, FloatArray, check_arrays, ratio, row_chunks
from clem_icd.decisions.scaling import check_probabilities

__all__ = ["FLOOR", "Calibration", "ReliabilityBin", "reliability"]

Doubles = NDArray[np.float64]

FLOOR = 0.01
"""Nearly all pairs of a note and a label score below it, and no one is ever shown these."""

# The upper 16 of the 32 bits of a single-precision number: its value to within one percent.
_PREFIX_BITS = 16


@dataclass(frozen=True)
class ReliabilityBin:
    """The pairs with a score above ``low`` and not above ``high``; the first bin also includes 0.

    ``share_positive`` is the share of positives among the ``count`` pairs, and ``mean_score`` the share that
    the scores predict.
    """

    low: float
    high: float
    count: int
    mean_score: float
    share_positive: float


@dataclass(frozen=True)
class Calibration:
    """How far probabilities are from observed frequencies, over pairs of a note and a label.

    Attributes
    ----------
    bins
        The reliability curve.
    ece
        Expected calibration error over all pairs: the mean over bins of |share_positive - mean_score|,
        weighted by count (Naeini et al. 2015, Guo et al. 2017). With thousands of labels nearly all pairs
        are in the first bin, so the error is small however badly likely codes are calibrated.
    floor, pairs_above_floor, ece_above_floor
        The same over the pairs with a score above ``floor``, and the number of these pairs.
    brier
        Mean squared difference between score and target over all pairs (Brier 1950).
    expected_codes, codes
        Mean sum of scores per note, and mean number of positives per note.

    """

    bins: tuple[ReliabilityBin, ...]
    ece: float
    floor: float
    pairs_above_floor: int
    ece_above_floor: float
    brier: float
    expected_codes: float
    codes: float

    def as_json(self) -> dict[str, Any]:
        """Return a JSON object, without empty bins."""
        return asdict(self) | {"bins": [asdict(one) for one in self.bins if one.count]}


def reliability(
    targets: BoolArray,
    scores: FloatArray,
    *,
    bins: int = 10,
    equal_mass: bool = False,
    floor: float = FLOOR,
) -> Calibration:
    """Compare probabilities with observed frequencies, bin by bin.

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    scores
        Probabilities [notes, labels].
    bins
        Number of bins.
    equal_mass
        Instead of bins of equal width, use one bin up to ``floor`` and others with about equally many
        pairs (Nguyen & O'Connor 2015); fewer bins if many scores are equal.
    floor
        The score above which a pair is considered likely.

    Raises
    ------
    ScoresError
        If the arrays do not match, are empty, or a score is not a probability.

    """
    check_arrays(targets, scores)
    check_probabilities(scores)
    edges = _mass_edges(scores, bins, floor) if equal_mass else np.arange(bins + 1) / bins
    everything = _sums(targets, scores, edges)
    above = _sums(targets, scores, edges, floor=floor)
    counts, totals, positives = everything
    means, shares = ratio(totals, counts), ratio(positives, counts)
    return Calibration(
        bins=tuple(
            ReliabilityBin(float(low), float(high), int(count), float(mean), float(share))
            for low, high, count, mean, share in zip(
                edges[:-1], edges[1:], counts, means, shares, strict=True
            )
        ),
        ece=_expected_error(everything),
        floor=floor,
        pairs_above_floor=int(above[0].sum()),
        ece_above_floor=_expected_error(above),
        brier=_brier(targets, scores),
        expected_codes=float(totals.sum() / len(scores)),
        codes=float(positives.sum() / len(scores)),
    )


def _expected_error(sums: Doubles) -> float:
    counts, totals, positives = sums
    return float(ratio(np.abs(positives - totals).sum(), counts.sum()))


def _sums(targets: BoolArray, scores: FloatArray, edges: Doubles, *, floor: float | None = None) -> Doubles:
    """Return for each bin the number of pairs, the sum of scores and the number of positives [3, bins]."""
    bins = len(edges) - 1
    inner = edges[1:-1].astype(scores.dtype)
    sums = np.zeros((3, bins))
    for rows in row_chunks(scores):
        score, target = scores[rows].ravel(), targets[rows].ravel()
        if floor is not None:
            inside = score > scores.dtype.type(floor)
            score, target = score[inside], target[inside]
        place = np.searchsorted(inner, score, side="left")
        sums[0] += np.bincount(place, minlength=bins)
        sums[1] += np.bincount(place, weights=score, minlength=bins)
        sums[2] += np.bincount(place[target], minlength=bins)
    return sums


def _mass_edges(scores: FloatArray, bins: int, floor: float) -> Doubles:
    """Return edges with about equally many scores between them, the first bin ending at the floor."""
    # Positive single-precision numbers sort like their bits, so a histogram of the upper bits gives
    # quantiles of any number of scores in a fixed amount of memory.
    histogram = np.zeros(1 << _PREFIX_BITS, dtype=np.int64)
    for rows in row_chunks(scores):
        likely = scores[rows][scores[rows] > scores.dtype.type(floor)].astype(np.float32)
        histogram += np.bincount(likely.view(np.uint32) >> _PREFIX_BITS, minlength=len(histogram))
    below = np.cumsum(histogram)
    wanted = below[-1] * np.arange(1, bins - 1) / (bins - 1)
    prefixes = np.searchsorted(below, wanted, side="left") + 1
    inner = (prefixes.astype(np.uint32) << _PREFIX_BITS).view(np.float32).astype(np.float64)
    return np.unique(np.clip(np.concatenate(([0.0, floor], inner, [1.0])), 0.0, 1.0))


def _brier(targets: BoolArray, scores: FloatArray) -> float:
    total = 0.0
    for rows in row_chunks(scores):
        total += float(np.square(scores[rows].astype(np.float64) - targets[rows]).sum())
    return total / scores.size
