"""Choosing the decision threshold, on validation scores only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clem_icd.evaluation import threshold_curve

# Edin et al. 2024: 100 equally spaced points, of which 0.5 is none.
GRID = np.linspace(0.0, 1.0, 100)

POLICY = "one global threshold, of 100 from 0 to 1 the one with the highest micro-F1 on the validation split"


def global_threshold(targets: npt.NDArray[np.bool_], scores: npt.NDArray[np.float32]) -> float:
    """Return the threshold of `GRID` with the highest micro-F1; the smallest of equals.

    Parameters
    ----------
    targets, scores
        Of the validation split [notes, labels].

    """
    return float(GRID[int(np.argmax(threshold_curve(targets, scores, GRID)))])
