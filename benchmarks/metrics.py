"""Measure time and memory of the metrics at the size of MIMIC-III's test split, compared with scikit-learn.

Simulates targets and scores of that size, runs every task in turn in its own process on one core, and prints
medians; the two slowest tasks run once. Seconds are CPU time, so other load on the machine matters little.
The peak is that of the whole process, including the arrays (151 MB) and the imports.

    python benchmarks/metrics.py
    python benchmarks/metrics.py --notes 500 --labels 1000 --repeats 1
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 0.27
OURS = "ours: profile all"

Targets = NDArray[np.bool_]
Scores = NDArray[np.float32]
Task = Callable[[Targets, Scores], dict[str, float]]


def all_metrics(targets: Targets, scores: Scores) -> dict[str, float]:
    """Compute every metric."""
    from clem_icd.evaluation import evaluate

    return evaluate(targets, scores, THRESHOLD)


def interval_widths(*, areas: bool) -> Task:
    """Return the task of computing intervals from 1,000 resamples of the notes."""

    def task(targets: Targets, scores: Scores) -> dict[str, float]:
        from clem_icd.evaluation.areas import AREAS
        from clem_icd.evaluation.judgement import Judgement
        from clem_icd.evaluation.profiles import PROFILES
        from clem_icd.evaluation.resampling import intervals

        names = [name for name in PROFILES["all"].names if areas or name not in AREAS]
        found = intervals(Judgement.of(targets, scores, THRESHOLD, profile=names))
        return {f"width of {name}": one.high - one.low for name, one in found.items()}

    return task


def comparison(targets: Targets, scores: Scores) -> dict[str, float]:
    """Compare with a second system, by 1,000 resamples and 1,000 random swaps."""
    from clem_icd.evaluation.areas import AREAS
    from clem_icd.evaluation.judgement import Judgement
    from clem_icd.evaluation.profiles import PROFILES
    from clem_icd.evaluation.significance import compare_systems

    noise = np.random.default_rng(0).normal(0, 0.02, scores.shape).astype(np.float32)
    names = [name for name in PROFILES["all"].names if name not in AREAS]
    one, other = (Judgement.of(targets, own, THRESHOLD, profile=names) for own in (scores, scores + noise))
    return {f"p of {name}": one.p_bootstrap for name, one in compare_systems(one, other).items()}


def sk_decisions(targets: Targets, scores: Scores) -> dict[str, float]:
    """Compute scikit-learn's metrics of decisions, one call per metric, as in typical use."""
    from sklearn import metrics as sk

    predicted = scores > np.float32(THRESHOLD)
    functions = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}
    values = {"exact_match": sk.accuracy_score(targets, predicted)}
    for name, function in functions.items():
        for average in ("micro", "macro", "samples"):
            ours = f"instance_{name}" if average == "samples" else f"{average}_{name}"
            values[ours] = function(targets, predicted, average=average, zero_division=0)
    for average in ("micro", "macro"):
        values[f"jaccard_{average}"] = sk.jaccard_score(targets, predicted, average=average, zero_division=0)
    values["macro_f1_all_labels"] = values.pop("macro_f1")
    return values


def sk_map(targets: Targets, scores: Scores) -> dict[str, float]:
    """Compute MAP over notes with codes; scikit-learn calls it label ranking average precision."""
    from sklearn.metrics import label_ranking_average_precision_score

    coded = targets.any(axis=1)
    return {"map": label_ranking_average_precision_score(targets[coded], scores[coded])}


def sk_area(kind: str, average: str) -> Task:
    """Return the task of computing an area; macro averages cover the labels for which it is defined."""

    def task(targets: Targets, scores: Scores) -> dict[str, float]:
        from sklearn import metrics as sk

        function = {"roc_auc": sk.roc_auc_score, "pr_auc": sk.average_precision_score}[kind]
        if average == "macro":
            labels = targets.any(axis=0) & ~(targets.all(axis=0) & (kind == "roc_auc"))
            targets, scores = targets[:, labels], scores[:, labels]
        return {f"{kind}_{average}": function(targets, scores, average=average)}

    return task


TASKS: dict[str, Task] = {
    OURS: all_metrics,
    "ours: intervals, without areas": interval_widths(areas=False),
    "ours: intervals, with areas": interval_widths(areas=True),
    "ours: comparison, without areas": comparison,
    "scikit-learn: 12 of decisions": sk_decisions,
    "scikit-learn: map": sk_map,
    "scikit-learn: roc_auc_micro": sk_area("roc_auc", "micro"),
    "scikit-learn: roc_auc_macro": sk_area("roc_auc", "macro"),
    "scikit-learn: pr_auc_micro": sk_area("pr_auc", "micro"),
    "scikit-learn: pr_auc_macro": sk_area("pr_auc", "macro"),
}
ONCE = ("scikit-learn: roc_auc_macro", "scikit-learn: pr_auc_macro")


def peak_mb() -> float:
    """Return the peak memory of this process, in MB."""
    import resource

    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would include the parent process, which holds the arrays.
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return float(line.split()[1]) / 1024
    kilo = 1024**2 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / kilo


def run_task(name: str, folder: Path) -> None:
    """Run one task on one core, and print its time, peak memory and values."""
    from threadpoolctl import threadpool_limits

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    targets, scores = np.load(folder / "targets.npy"), np.load(folder / "scores.npy")
    with threadpool_limits(1):
        TASKS[name](targets[:20, :200], scores[:20, :200])  # warm-up, for the imports
        begin = time.process_time()
        values = TASKS[name](targets, scores)
        seconds = time.process_time() - begin
    peak = peak_mb()
    values = {metric: float(value) for metric, value in values.items()}
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "values": values}))


def measure(folder: Path, repeats: int) -> dict[str, list[dict[str, Any]]]:
    """Run all tasks in turn, then once each those that take minutes."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in TASKS}
    for name in [name for name in TASKS if name not in ONCE] * repeats + list(ONCE):
        command = [sys.executable, __file__, "--task", name, "--folder", str(folder)]
        ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found[name].append(json.loads(ran.stdout))
        print(f"{name}: {found[name][-1]['seconds']:.2f} s", file=sys.stderr, flush=True)
    return found


def show(found: dict[str, list[dict[str, Any]]]) -> None:
    """Print the table."""
    values = found[OURS][0]["values"]
    seconds = {name: median(one["seconds"] for one in runs) for name, runs in found.items()}
    print(f"{'task':34}{'seconds':>9}{'peak MB':>9}{'difference':>12}")
    for name, runs in found.items():
        theirs = runs[0]["values"] if name.startswith("scikit-learn") else {}
        difference = max((abs(value - values[metric]) for metric, value in theirs.items()), default=None)
        shown = "" if difference is None else f"{difference:.1e}"
        print(f"{name:34}{seconds[name]:9.2f}{max(one['peak_mb'] for one in runs):9,.0f}{shown:>12}")
    theirs = [name for name in found if name.startswith("scikit-learn")]
    total = sum(seconds[name] for name in theirs)
    metrics = sum(len(found[name][0]["values"]) for name in theirs)
    times = total / seconds[OURS]
    print(f"scikit-learn: {metrics} metrics in {total:.1f} s, {times:.0f} times as long as our {len(values)}")


def main() -> None:
    """Simulate the arrays, run the tasks, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--notes", type=int, default=3372, help="default: 3372, as in MIMIC-III's test split")
    parser.add_argument("--labels", type=int, default=8921, help="default: 8921, as in MIMIC-III")
    parser.add_argument("--repeats", type=int, default=3, help="runs per task; default: 3")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given: Any = parser.parse_args()
    if given.task:
        run_task(given.task, given.folder)
        return
    from coverage import Hospital

    hospital = Hospital(given.notes, given.labels, codes_per_note=15)
    targets, (scores,), _ = hospital.draw(np.random.default_rng(0), 1)
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder, "targets.npy"), targets)
        np.save(Path(folder, "scores.npy"), scores)
        show(measure(Path(folder), given.repeats))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
