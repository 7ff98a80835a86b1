"""Measure the coverage of 95 % intervals and the false positive rate of the comparison tests.

Draws many splits from simulated hospitals, evaluates a system on each, and computes intervals of several
kinds for every metric. The true value is the mean over all splits. The second table compares two equally good
systems: 5 % of the p-values should be below 0.05. Takes some minutes per hospital.

    python benchmarks/coverage.py
    python benchmarks/coverage.py --hospitals mimic --splits 60 --resamples 200 --metrics micro_f1,map
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from clem_icd.evaluation.judgement import Judgement
from clem_icd.evaluation.note_weights import bootstrap_weights, jackknife_weights, units_of
from clem_icd.evaluation.resampling import interval_of_share, intervals, stretched
from clem_icd.evaluation.significance import compare_systems

METRICS = (
    "micro_f1",
    "macro_f1_all_labels",
    "macro_f1_split_labels",
    "macro_f1_caml",
    "map",
    "precision_at_8",
    "exact_match",
    "never_correct_split_labels",
    "roc_auc_macro",
    "pr_auc_micro",
)
LEVEL = 0.95
TAILS = np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
THRESHOLD = 0.27

Doubles = NDArray[np.float64]
Ends = tuple[float, float]
Split = tuple[NDArray[np.bool_], list[NDArray[np.float32]], list[int] | None]


@dataclass(frozen=True)
class Hospital:
    """A source of splits: Zipf-distributed codes, and systems that are better at frequent codes."""

    notes: int
    labels: int
    codes_per_note: float
    notes_per_subject: int = 1

    def draw(self, random: np.random.Generator, systems: int) -> Split:
        """Draw targets, scores of equally good systems [notes, labels], and subjects if notes share them."""
        frequency = self.frequency()
        subjects = np.arange(self.notes) // self.notes_per_subject
        shape = (self.notes, self.labels)
        own, shared = random.random(shape, np.float32), random.random(shape, np.float32)[subjects]
        targets = np.where(random.random(shape, np.float32) < 0.7, shared, own) < frequency
        documented = random.random(shape, np.float32) < 0.8
        clarity = 0.7 * random.normal(size=self.notes)[subjects, np.newaxis]
        signal = documented * (2.5 + 0.9 * np.log10(frequency * 1e3).clip(-1) + clarity)
        groups = subjects.tolist() if self.notes_per_subject > 1 else None
        prior = np.log(frequency / (1 - frequency))
        scores = [
            prior + targets * signal + 0.5 * random.standard_normal(shape, np.float32) for _ in range(systems)
        ]
        return targets, [(1 / (1 + np.exp(-one))).astype(np.float32) for one in scores], groups

    def frequency(self) -> Doubles:
        """Return the share of notes with each label [labels]."""
        frequency = 1 / np.arange(1.0, self.labels + 1)
        for _ in range(50):
            frequency = np.minimum(frequency * self.codes_per_note / frequency.sum(), 0.4)
        return frequency


HOSPITALS = {
    "fifty": Hospital(600, 50, 6),
    "demo": Hospital(300, 400, 8),
    "codiesp": Hospital(250, 2000, 12),
    "mimic": Hospital(3372, 8921, 15),
    "subjects": Hospital(300, 400, 8, notes_per_subject=3),
}


@dataclass(frozen=True)
class Resampled:
    """The values of one metric: for all notes, for the resamples, and for the jackknife."""

    estimate: float
    drawn: Doubles
    left_out: Doubles
    notes: int

    def quantiles(self, shares: Doubles) -> Ends:
        """Return two quantiles of the resampled values."""
        low, high = np.quantile(self.drawn, shares)
        return float(low), float(high)


def percentile(metric: Resampled) -> Ends:
    """Return the central 95 % of the resampled values."""
    return metric.quantiles(TAILS)


def basic(metric: Resampled) -> Ends:
    """Reflect the percentile interval about the estimate."""
    low, high = percentile(metric)
    return 2 * metric.estimate - high, 2 * metric.estimate - low


def bca(metric: Resampled) -> Ends:
    """Correct the percentile interval for bias and skewness (Efron 1987)."""
    drawn, estimate = metric.drawn, metric.estimate
    below = (np.mean(drawn < estimate) + np.mean(drawn <= estimate)) / 2
    bias = norm.ppf(np.clip(below, 0.5 / len(drawn), 1 - 0.5 / len(drawn)))
    moved = metric.left_out.mean() - metric.left_out
    square = (moved**2).sum()
    skewness = (moved**3).sum() / (6 * square**1.5) if square else 0.0
    z = bias + norm.ppf(TAILS)
    return metric.quantiles(norm.cdf(bias + z / (1 - skewness * z)))


def centred(metric: Resampled) -> Ends:
    """Shift the percentile interval so that the mean of the resampled values is the estimate."""
    low, high = percentile(metric)
    shift = metric.estimate - float(metric.drawn.mean())
    return low + shift, high + shift


def ours(metric: Resampled) -> Ends:
    """Compute the interval as `intervals` does without groups."""
    moved = stretched(metric.drawn, metric.left_out)
    found = interval_of_share(metric.estimate, moved, LEVEL, units=metric.notes)
    return found.low, found.high


METHODS: dict[str, Callable[[Resampled], Ends]] = {
    "percentile": percentile,
    "basic": basic,
    "BCa": bca,
    "centred": centred,
    "ours": ours,
}
BY_SUBJECT = "ours by subject"


def ends(judgement: Judgement, subjects: Sequence[int] | None, resamples: int) -> dict[str, dict[str, Ends]]:
    """Return the intervals of every metric by method; all resample notes, the last one subjects."""
    units = units_of(judgement, None)
    estimates = judgement.values()
    drawn = [judgement.values(weights) for weights in bootstrap_weights(units, resamples, 0)]
    left_out = judgement.values(jackknife_weights(units, 0))
    found: dict[str, dict[str, Ends]] = {}
    for name, estimate in estimates.items():
        resampled = np.concatenate([block[name] for block in drawn])
        metric = Resampled(float(estimate[0]), resampled, left_out[name], judgement.notes)
        found[name] = {title: method(metric) for title, method in METHODS.items()}
    if subjects is not None:
        for name, one in intervals(judgement, resamples=resamples, level=LEVEL, groups=subjects).items():
            found[name][BY_SUBJECT] = one.low, one.high
    return found


def cover(hospital: Hospital, metrics: Sequence[str], splits: int, resamples: int) -> None:
    """Print the share of splits whose interval contains the true value."""
    random = np.random.default_rng(1)
    estimates: dict[str, list[float]] = {name: [] for name in metrics}
    found = []
    for number in range(3 * splits):
        targets, (scores,), subjects = hospital.draw(random, 1)
        judgement = Judgement.of(targets, scores, THRESHOLD, profile=metrics)
        for name, value in judgement.values().items():
            estimates[name].append(float(value[0]))
        if number < splits:
            found.append(ends(judgement, subjects, resamples))
    titles = list(found[0][metrics[0]])
    print(f"{'metric':28}{'true':>8}{'sd':>8}" + "".join(f"{title:>16}" for title in titles))
    for name, values in estimates.items():
        true = float(np.mean(values))
        shares = [
            np.mean([one[name][title][0] <= true <= one[name][title][1] for one in found]) for title in titles
        ]
        row = "".join(f"{100 * share:15.0f}%" for share in shares)
        print(f"{name:28}{true:8.4f}{np.std(values):8.4f}{row}")


def reject(hospital: Hospital, metrics: Sequence[str], splits: int, resamples: int) -> None:
    """Print how often the tests find a difference between two equally good systems."""
    random = np.random.default_rng(2)
    found = []
    for _ in range(splits):
        targets, scores, subjects = hospital.draw(random, 2)
        one, other = (Judgement.of(targets, own, THRESHOLD, profile=metrics) for own in scores)
        found.append(compare_systems(one, other, resamples=resamples, groups=subjects))
    print(f"\n{'p < 0.05 for equal systems':28}{'bootstrap':>16}{'randomisation':>16}")
    for name in found[0]:
        bootstrap = np.mean([one[name].p_bootstrap < 0.05 for one in found])
        chances = [one[name].p_randomisation for one in found]
        swapped = [chance < 0.05 for chance in chances if chance is not None]
        print(f"{name:28}{bootstrap:16.1%}" + (f"{np.mean(swapped):16.1%}" if swapped else f"{'-':>16}"))


def main() -> None:
    """Print both tables for every hospital."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--hospitals", default=",".join(HOSPITALS), help="comma-separated; default: all")
    parser.add_argument("--splits", type=int, default=200, help="splits per hospital; default: 200")
    parser.add_argument("--resamples", type=int, default=200, help="resamples per interval; default: 200")
    parser.add_argument("--metrics", default=",".join(METRICS), help="comma-separated; default: ten metrics")
    given: Any = parser.parse_args()
    names = given.hospitals.split(",")
    if unknown := set(names) - set(HOSPITALS):
        parser.error(f"unknown hospital {', '.join(sorted(unknown))}; choose from {', '.join(HOSPITALS)}")
    for name in names:
        hospital = HOSPITALS[name]
        print(f"\n{name}: {hospital}, {given.splits} splits, {given.resamples} resamples", flush=True)
        for table in (cover, reject):
            table(hospital, given.metrics.split(","), given.splits, given.resamples)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
