"""Hierarchical metrics: a wrong leaf in the right category is partly right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from clem_icd.decisions.arrays import BoolArray, ratio
from clem_icd.evaluation.analysis.outcomes import Outcomes
from clem_icd.evaluation.definitions import Definition
from clem_icd.icd import Code, ancestors, category, chapter

__all__ = ["HIERARCHICAL", "by_level", "hierarchical_metrics"]

_ALL = "all labels and their ancestors"
_CATEGORIES = "categories of all labels"
_NOTES = "all notes"
_KIRITCHENKO = "Kiritchenko et al. 2006; Silla & Freitas 2011, section 6"
_EXPANDED = (
    "where the note's codes and the assigned codes are both expanded by all their ancestors, from the "
    "parent code to the category, each once per note; counts pooled; 0/0 = 0."
)
_CATEGORY = "where every code is replaced by its category, each once per note; counts pooled; 0/0 = 0."

HIERARCHICAL: dict[str, Definition] = {
    "hierarchical_precision": Definition(
        "Hierarchical precision", f"TP / (TP + FP), {_EXPANDED}", _ALL, _NOTES, _KIRITCHENKO
    ),
    "hierarchical_recall": Definition(
        "Hierarchical recall", f"TP / (TP + FN), {_EXPANDED}", _ALL, _NOTES, _KIRITCHENKO
    ),
    "hierarchical_f1": Definition(
        "Hierarchical F1", f"2 TP / (2 TP + FP + FN), {_EXPANDED}", _ALL, _NOTES, _KIRITCHENKO
    ),
    "category_micro_precision": Definition(
        "Micro-precision of categories", f"TP / (TP + FP), {_CATEGORY}", _CATEGORIES, _NOTES, "this project"
    ),
    "category_micro_recall": Definition(
        "Micro-recall of categories", f"TP / (TP + FN), {_CATEGORY}", _CATEGORIES, _NOTES, "this project"
    ),
    "category_micro_f1": Definition(
        "Micro-F1 of categories",
        f"2 TP / (2 TP + FP + FN), {_CATEGORY}",
        _CATEGORIES,
        _NOTES,
        "this project",
    ),
}
"""The definition of every name that `hierarchical_metrics` returns."""

Nodes = Callable[[Code], Iterable[str]]


def hierarchical_metrics(outcomes: Outcomes, codes: Sequence[Code]) -> dict[str, float]:
    """Return precision, recall and F1 over codes with their ancestors, and over categories.

    Parameters
    ----------
    outcomes
        The outcomes of the split.
    codes
        The label space in label order [labels].

    """
    expanded = _scores(_expanded(outcomes, codes, _with_ancestors))
    categories = _scores(_expanded(outcomes, codes, _category))
    return {
        **{name.replace("micro", "hierarchical"): value for name, value in expanded.items()},
        **{f"category_{name}": value for name, value in categories.items()},
    }


def by_level(outcomes: Outcomes, codes: Sequence[Code]) -> dict[str, Any]:
    """Evaluate decisions as chapters, as categories, as codes, and as codes with all their ancestors."""
    levels: dict[str, Nodes] = {
        "chapters": _chapter,
        "categories": _category,
        "codes": lambda code: [code.value],
        "codes and all their ancestors": _with_ancestors,
    }
    groups = [_level(name, _expanded(outcomes, codes, nodes)) for name, nodes in levels.items()]
    return {"dimension": "level", "title": "By level of the hierarchy", "unit": "codes", "groups": groups}


class _Expanded(NamedTuple):
    """How often each node occurs among a note's codes, and among its assigned codes [notes, nodes]."""

    gold: sparse.csr_array
    given: sparse.csr_array

    @property
    def shared(self) -> int:
        """Number of pairs of a note and a node that are in both."""
        return int(self.gold.multiply(self.given).nnz)


def _level(name: str, expanded: _Expanded) -> dict[str, Any]:
    gold = expanded.gold
    return {
        "name": name,
        "labels": len(np.unique(gold.indices)),
        "notes": int(np.count_nonzero(np.diff(gold.indptr))),
        "positives": int(gold.nnz),
        "given": int(expanded.given.nnz),
        "true_positives": expanded.shared,
        **_scores(expanded),
    }


def _scores(expanded: _Expanded) -> dict[str, float]:
    gold, given, shared = expanded.gold.nnz, expanded.given.nnz, expanded.shared
    return {
        "micro_precision": float(ratio(shared, given)),
        "micro_recall": float(ratio(shared, gold)),
        "micro_f1": float(ratio(2 * shared, given + gold)),
    }


def _expanded(outcomes: Outcomes, codes: Sequence[Code], nodes: Nodes) -> _Expanded:
    membership = _membership(codes, nodes)
    return _Expanded(
        _matrix(outcomes, outcomes.gold) @ membership, _matrix(outcomes, outcomes.given) @ membership
    )


def _matrix(outcomes: Outcomes, which: BoolArray) -> sparse.csr_array:
    ones = np.ones(int(which.sum()), dtype=np.int64)
    place = (outcomes.note[which], outcomes.label[which])
    return sparse.csr_array((ones, place), shape=(outcomes.notes, outcomes.labels))


def _membership(codes: Sequence[Code], nodes: Nodes) -> sparse.csr_array:
    """Return which labels belong to which nodes [labels, nodes]; each code system has its own nodes."""
    numbers: dict[tuple[str, str], int] = {}
    rows, columns = [], []
    for row, code in enumerate(codes):
        for node in nodes(code):
            rows.append(row)
            columns.append(numbers.setdefault((code.system, node), len(numbers)))
    ones = np.ones(len(rows), dtype=np.int64)
    return sparse.csr_array((ones, (rows, columns)), shape=(len(codes), len(numbers)))


def _with_ancestors(code: Code) -> list[str]:
    return [code.value, *ancestors(code.value, code.system)]


def _category(code: Code) -> list[str]:
    return [category(code.value, code.system)]


def _chapter(code: Code) -> list[str]:
    return [chapter(code.value, code.system) or ""]
