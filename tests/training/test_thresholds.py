from __future__ import annotations

import numpy as np

from clem_icd.evaluation import evaluate
from clem_icd.training import global_threshold
from clem_icd.training.thresholds import GRID


def test_no_other_threshold_of_the_grid_is_better() -> None:
    random = np.random.default_rng(0)
    targets = random.random((40, 12)) < 0.2
    scores = (0.5 * targets + 0.6 * random.random((40, 12))).astype(np.float32)
    chosen = global_threshold(targets, scores)
    values = [evaluate(targets, scores, float(point))["micro_f1"] for point in GRID]
    assert evaluate(targets, scores, chosen)["micro_f1"] == max(values)
    assert chosen == GRID[int(np.argmax(values))]


def test_the_grid_is_the_published_one() -> None:
    assert (len(GRID), GRID[0], GRID[-1]) == (100, 0.0, 1.0)
    assert 0.5 not in GRID
