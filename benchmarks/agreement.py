"""Check that the metrics agree with their definitions, and with scikit-learn where it has the same metric.

Draws small random matrices full of hard cases: ties, constant scores, thresholds equal to a score, notes
without codes, labels of no note or of every note, no positives at all. Compares every metric with the two
implementations in `oracles`: plain loops and scikit-learn. Also compares metrics of weighted notes with those
of equivalently repeated notes. Prints the largest differences; exits with 1 if one exceeds 1e-9.

    python benchmarks/agreement.py
    python benchmarks/agreement.py --matrices 100 --seed 7 --json
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import numpy as np
from oracles import CUTOFFS, SPLIT, Matrix, by_loops, by_scikit_learn

from clem_icd.evaluation.judgement import Judgement

TOLERANCE = 1e-9

# With weighted notes, these are binned or ranked among the labels of the whole split; see `Judgement`.
NOT_AS_REPEATED = (
    *("roc_auc_micro", "pr_auc_micro"),
    *(f"{name}{SPLIT}" for name in ("map", "r_precision", "exact_match")),
    *(f"{name}_at_{k}{SPLIT}" for name in ("precision", "recall") for k in CUTOFFS),
)


def draw(random: np.random.Generator) -> Matrix:
    """Draw a random case."""
    notes, labels = int(random.integers(1, 41)), int(random.integers(1, 31))
    targets = random.random((notes, labels)) < random.choice(
        [0, 0.05, 0.2, 0.5, 1], p=[0.02, 0.3, 0.4, 0.26, 0.02]
    )
    targets[random.random(notes) < random.choice([0, 0.3])] = False
    targets[:, random.random(labels) < random.choice([0, 0.3])] = False
    targets[:, random.random(labels) < random.choice([0, 0.1])] = True
    levels = int(random.choice([1, 3, 10, 1_000_000], p=[0.05, 0.25, 0.3, 0.4]))
    scores = (random.integers(levels, size=targets.shape) / levels).astype(random.choice(["f4", "f8"]))
    threshold = random.choice([random.random(), scores.flat[random.integers(scores.size)], 0.5, 0.1])
    return Matrix(targets, scores, float(threshold))


def judged(case: Matrix) -> Judgement:
    """Return the judgement under test."""
    return Judgement.of(case.targets, case.scores, case.threshold)


def by_repeating(case: Matrix, random: np.random.Generator) -> dict[str, tuple[float, float]]:
    """Return every metric twice: with notes weighted by counts, and with notes repeated as often."""
    counts = random.multinomial(len(case.targets), np.full(len(case.targets), 1 / len(case.targets)))
    repeated = Matrix(
        np.repeat(case.targets, counts, axis=0), np.repeat(case.scores, counts, axis=0), case.threshold
    )
    weighted, plain = judged(case).values(counts[np.newaxis].astype(float)), judged(repeated).values()
    return {
        name: (float(weighted[name][0]), float(plain[name][0]))
        for name in plain
        if name not in NOT_AS_REPEATED
    }


def largest_differences(matrices: int, seed: int) -> dict[str, dict[str, float | None]]:
    """Return the largest difference from each reference by metric; None without a reference."""
    random = np.random.default_rng(seed)
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(matrices):
        case = draw(random)
        repeated = by_repeating(case, random)
        for name, (value,) in judged(case).values().items():
            row = found.setdefault(name, {"loops": [], "scikit-learn": [], "repeated notes": []})
            row["loops"].append(abs(value - by_loops(name, case)))
            if not np.isnan(theirs := by_scikit_learn(name, case)):
                row["scikit-learn"].append(abs(value - theirs))
            if name in repeated:
                row["repeated notes"].append(abs(repeated[name][0] - repeated[name][1]))
    return {
        name: {title: max(values) if values else None for title, values in row.items()}
        for name, row in found.items()
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--matrices", type=int, default=1000, help="random cases; default: 1000")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given: Any = parser.parse_args()
    rows = largest_differences(given.matrices, given.seed)
    if given.json:
        print(json.dumps(rows))
    else:
        titles = list(next(iter(rows.values())))
        print(f"{'largest difference by metric':32}" + "".join(f"{title:>16}" for title in titles))
        for name, row in rows.items():
            values = ("-" if value is None else f"{value:.1e}" for value in row.values())
            print(f"{name:32}" + "".join(f"{value:>16}" for value in values))
    sys.exit(any(value is not None and value > TOLERANCE for row in rows.values() for value in row.values()))


if __name__ == "__main__":
    main()
