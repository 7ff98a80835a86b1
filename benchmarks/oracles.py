"""Reference implementations of the metrics: loops that follow each definition literally, and scikit-learn.

`benchmarks/agreement.py` compares them with the metrics of this package.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk

SPLIT = "_split_labels"
CUTOFFS = (5, 8, 10, 15)


@dataclass(frozen=True)
class Matrix:
    """One random case: targets and scores [notes, labels], and a threshold."""

    targets: NDArray[np.bool_]
    scores: NDArray[np.floating[Any]]
    threshold: float

    @cached_property
    def given(self) -> NDArray[np.bool_]:
        """The predicted labels [notes, labels]."""
        return np.array(
            [[score > self.scores.dtype.type(self.threshold) for score in row] for row in self.scores]
        ).reshape(self.targets.shape)

    @cached_property
    def split_labels(self) -> Matrix:
        """The case without the labels that no note has."""
        inside = self.targets.any(axis=0)
        return Matrix(self.targets[:, inside], self.scores[:, inside], self.threshold)

    @cached_property
    def ranked(self) -> list[list[bool]]:
        """Whether each label is correct, by note, in order of decreasing score and then of the labels."""
        return [
            [bool(target[label]) for label in sorted(range(len(row)), key=lambda label: (-row[label], label))]
            for target, row in zip(self.targets, self.scores.tolist(), strict=True)
        ]

    @cached_property
    def cells(self) -> list[tuple[int, int, int, int]]:
        """True positives, false positives, false negatives and true negatives per label."""
        return [_confusion(*column) for column in zip(self.targets.T, self.given.T, strict=True)]

    @cached_property
    def note_cells(self) -> list[tuple[int, int, int, int]]:
        """The same counts per note."""
        return [_confusion(*row) for row in zip(self.targets, self.given, strict=True)]

    @cached_property
    def pooled(self) -> list[tuple[int, int, int, int]]:
        """The same counts over all pairs, as a list of one."""
        return [_confusion(self.targets.ravel(), self.given.ravel())]


# --- by loops ---------------------------------------------------------------------------------------------

Cells = Collection[tuple[int, int, int, int]]
Loop = Callable[[Matrix], float]


def _confusion(target: NDArray[np.bool_], given: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    pairs = list(zip(target.tolist(), given.tolist(), strict=True))
    return (
        pairs.count((True, True)),
        pairs.count((False, True)),
        pairs.count((True, False)),
        pairs.count((False, False)),
    )


def share(part: float, whole: float) -> float:
    """Divide, with 0/0 = 0."""
    return part / whole if whole else 0.0


def mean(values: Collection[float]) -> float:
    """Arithmetic mean, with 0 for no values."""
    return share(sum(values), len(values))


def harmonic(one: float, other: float) -> float:
    """Harmonic mean, with 0 for two zeros."""
    return share(2 * one * other, one + other)


def precision(cells: Cells) -> float:
    """Mean of TP / (TP + FP)."""
    return mean([share(tp, tp + fp) for tp, fp, _, _ in cells])


def recall(cells: Cells) -> float:
    """Mean of TP / (TP + FN)."""
    return mean([share(tp, tp + fn) for tp, _, fn, _ in cells])


def f1(cells: Cells) -> float:
    """Mean of 2 TP / (2 TP + FP + FN)."""
    return mean([share(2 * tp, 2 * tp + fp + fn) for tp, fp, fn, _ in cells])


def jaccard(cells: Cells) -> float:
    """Mean of TP / (TP + FP + FN)."""
    return mean([share(tp, tp + fp + fn) for tp, fp, fn, _ in cells])


def fpr(cells: Cells) -> float:
    """Mean of FP / (FP + TN)."""
    return mean([share(fp, fp + tn) for _, fp, _, tn in cells])


def precision_at(k: int) -> Loop:
    """Mean over notes of the share of hits among the first k."""
    return lambda case: mean([share(sum(row[:k]), min(k, len(row))) for row in case.ranked])


def recall_at(k: int) -> Loop:
    """Mean over coded notes of the share of codes among the first k."""
    return lambda case: mean([sum(row[:k]) / sum(row) for row in case.ranked if any(row)])


def f1_at(k: int) -> Loop:
    """Harmonic mean of precision and recall at k."""
    return lambda case: harmonic(precision_at(k)(case), recall_at(k)(case))


def average_precision(row: list[bool], depth: int) -> float:
    """Mean over a note's codes of the precision at their ranks, counted as 0 beyond ``depth``."""
    hits = [place for place, own in enumerate(row, start=1) if own]
    return mean([nth / place if place <= depth else 0.0 for nth, place in enumerate(hits, start=1)])


def mean_average_precision(depth: int) -> Loop:
    """Mean average precision over coded notes."""
    return lambda case: mean([average_precision(row, depth) for row in case.ranked if any(row)])


def roc_area(target: NDArray[np.bool_], scores: NDArray[np.floating[Any]]) -> float | None:
    """Share of pairs in which the positive scores higher, with ties as one half; None without pairs."""
    apart = np.subtract.outer(scores[target], scores[~target])
    return (
        float((np.count_nonzero(apart > 0) + np.count_nonzero(apart == 0) / 2) / apart.size)
        if apart.size
        else None
    )


def step_area(target: NDArray[np.bool_], scores: NDArray[np.floating[Any]]) -> float | None:
    """Mean over positives of the precision at their score; None without positives."""
    own = scores[target]
    return mean([float(target[scores >= score].mean()) for score in own]) if own.size else None


def over_labels(area: Callable[[NDArray[np.bool_], NDArray[np.floating[Any]]], float | None]) -> Loop:
    """Mean over the labels for which the area is defined."""
    return lambda case: mean(
        [
            found
            for column in zip(case.targets.T, case.scores.T, strict=True)
            if (found := area(*column)) is not None
        ]
    )


LOOPS: dict[str, Loop] = {
    "macro_f1_caml": lambda case: harmonic(precision(case.cells), recall(case.cells)),
    "r_precision": lambda case: mean([sum(row[: sum(row)]) / sum(row) for row in case.ranked if any(row)]),
    "map": mean_average_precision(10**9),
    "map_at_30": mean_average_precision(30),
    "map_codiesp": lambda case: mean([average_precision(row, 1000) for row in case.ranked]),
    "exact_match": lambda case: mean([fp + fn == 0 for _, fp, fn, _ in case.note_cells]),
    "instance_precision": lambda case: precision(case.note_cells),
    "instance_recall": lambda case: recall(case.note_cells),
    "instance_f1": lambda case: f1(case.note_cells),
    "instance_f1_caml": lambda case: harmonic(precision(case.note_cells), recall(case.note_cells)),
    "roc_auc_micro": lambda case: roc_area(case.targets.ravel(), case.scores.ravel()) or 0.0,
    "roc_auc_macro": over_labels(roc_area),
    "pr_auc_micro": lambda case: step_area(case.targets.ravel(), case.scores.ravel()) or 0.0,
    "pr_auc_macro": over_labels(step_area),
    "never_correct": lambda case: mean([tp == 0 for tp, _, _, _ in case.cells]),
}
for _k in CUTOFFS:
    LOOPS |= {
        f"precision_at_{_k}": precision_at(_k),
        f"recall_at_{_k}": recall_at(_k),
        f"f1_at_{_k}": f1_at(_k),
    }


def by_loops(name: str, case: Matrix) -> float:
    """Compute a metric from its definition."""
    if name.endswith(SPLIT):
        return by_loops(name.removesuffix(SPLIT), case.split_labels)
    if name in LOOPS:
        return float(LOOPS[name](case))
    pooled = {"precision": precision, "recall": recall, "f1": f1, "jaccard": jaccard, "fpr": fpr}
    words = name.removesuffix("_all_labels").split("_")
    kind = pooled[next(word for word in words if word in pooled)]
    return kind(case.pooled if "micro" in words else case.cells)


# --- by scikit-learn --------------------------------------------------------------------------------------


def _average(function: Callable[..., float], average: str) -> Loop:
    return lambda case: float(function(case.targets, case.given, average=average, zero_division=0))


def _confusions(case: Matrix) -> NDArray[np.float64]:
    found: NDArray[np.float64] = sk.multilabel_confusion_matrix(case.targets, case.given).astype(np.float64)
    return found


def _fpr(tables: NDArray[np.float64]) -> float:
    negatives = tables[:, 0].sum(axis=1)
    return float(np.divide(tables[:, 0, 1], negatives, out=np.zeros(len(tables)), where=negatives > 0).mean())


def _untied(case: Matrix) -> float:
    tied = any(len(np.unique(row)) < len(row) for row in case.scores)
    coded = case.targets.any(axis=1)
    if tied or not coded.any():
        return np.nan
    return float(sk.label_ranking_average_precision_score(case.targets[coded], case.scores[coded]))


def _pooled_area(function: Callable[..., float], *, both: bool) -> Loop:
    def area(case: Matrix) -> float:
        if not case.targets.any() or (both and case.targets.all()):
            return np.nan
        return float(function(case.targets.ravel(), case.scores.ravel()))

    return area


def _label_area(function: Callable[..., float], *, both: bool) -> Loop:
    def area(case: Matrix) -> float:
        inside = case.targets.any(axis=0) & ~(case.targets.all(axis=0) & both)
        if not inside.any():
            return np.nan
        return float(function(case.targets[:, inside], case.scores[:, inside], average="macro"))

    return area


SCIKIT_LEARN: dict[str, Loop] = {
    "fpr_micro": lambda case: _fpr(_confusions(case).sum(axis=0, keepdims=True)),
    "fpr_macro": lambda case: _fpr(_confusions(case)),
    "macro_f1_caml": lambda case: harmonic(
        _average(sk.precision_score, "macro")(case), _average(sk.recall_score, "macro")(case)
    ),
    "map": _untied,
    "exact_match": lambda case: float(sk.accuracy_score(case.targets, case.given)),
    "instance_precision": _average(sk.precision_score, "samples"),
    "instance_recall": _average(sk.recall_score, "samples"),
    "instance_f1": _average(sk.f1_score, "samples"),
    "roc_auc_micro": _pooled_area(sk.roc_auc_score, both=True),
    "roc_auc_macro": _label_area(sk.roc_auc_score, both=True),
    "pr_auc_micro": _pooled_area(sk.average_precision_score, both=False),
    "pr_auc_macro": _label_area(sk.average_precision_score, both=False),
    "never_correct": lambda case: float((_confusions(case)[:, 1, 1] == 0).mean()),
}
for _average_, _suffix in (("micro", ""), ("macro", "_all_labels")):
    SCIKIT_LEARN |= {
        f"{_average_}_precision": _average(sk.precision_score, _average_),
        f"{_average_}_recall": _average(sk.recall_score, _average_),
        f"{_average_}_f1{_suffix}": _average(sk.f1_score, _average_),
        f"jaccard_{_average_}": _average(sk.jaccard_score, _average_),
    }
SCIKIT_LEARN["macro_f1"] = SCIKIT_LEARN["macro_f1_all_labels"]


def by_scikit_learn(name: str, case: Matrix) -> float:
    """Compute a metric with scikit-learn; NaN if it has no such metric or no value for this case."""
    if name.endswith(SPLIT):
        return by_scikit_learn(name.removesuffix(SPLIT), case.split_labels)
    # scikit-learn treats a matrix of one column as a vector, not as multi-label.
    defined = name in SCIKIT_LEARN and case.targets.shape[1] > 1
    return SCIKIT_LEARN[name](case) if defined else np.nan
