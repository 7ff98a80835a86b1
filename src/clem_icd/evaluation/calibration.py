"""Does a probability of 0.7 come true in 7 of 10 cases? Reliability, calibration error and Brier score."""

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
"""Below it lie nearly all pairs of a note and a label, and none that anyone looks at."""

# The upper 16 of the 32 bits of a single-precision number: its size to better than one percent.
_PREFIX_BITS = 16


@dataclass(frozen=True)
class ReliabilityBin:
    """The pairs with a score above ``low`` and not above ``high``; the first bin holds 0 as well.

    ``share_positive`` of the ``count`` pairs are of a note and a label that it carries, where
    ``mean_score`` promised.
    """

    low: float
    high: float
    count: int
    mean_score: float
    share_positive: float


@dataclass(frozen=True)
class Calibration:
    """How far probabilities are from the shares that come true, over pairs of a note and a label.

    Attributes
    ----------
    bins
        The reliability curve.
    ece
        Expected calibration error over all pairs: the mean over bins of |share_positive - mean_score|,
        each weighted by its count (Naeini et al. 2015, Guo et al. 2017). With thousands of labels nearly
        all pairs lie in the first bin, which makes it small whatever the system says of likely codes.
    floor, pairs_above_floor, ece_above_floor
        The same over the pairs with a score above ``floor``, and how many those are.
    brier
        Mean squared difference of score and target over all pairs (Brier 1950).
    expected_codes, codes
        Sum of the scores and number of positives of a note, on average.

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
        """Return it as json holds it; ``bins`` without the empty ones."""
        return asdict(self) | {"bins": [asdict(one) for one in self.bins if one.count]}


def reliability(
    targets: BoolArray,
    scores: FloatArray,
    *,
    bins: int = 10,
    equal_mass: bool = False,
    floor: float = FLOOR,
) -> Calibration:
    """Compare probabilities with what came true, bin by bin.

    Parameters
    ----------
    targets
        Which notes carry which labels [notes, labels].
    scores
        Probabilities [notes, labels].
    bins
        How many bins.
    equal_mass
        Instead of bins of equal width: one bin up to ``floor``, the others with about equally many
        pairs (Nguyen & O'Connor 2015), fewer where many scores are alike.
    floor
        Where the likely pairs begin.

    Raises
    ------
    ScoresError
        If the arrays do not fit each other, hold nothing, or a score is no probability.

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
    """Return by bin: pairs, the sum of their scores, and how many are positive [3, bins]."""
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
    """Return edges between which about equally many scores lie, the first bin ending at the floor."""
    # Positive single-precision numbers are in the order of their bits, so a histogram of the upper
    # bits gives quantiles of any number of scores in a fixed amount of memory.
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
