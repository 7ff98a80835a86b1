"""Metrics that know the code hierarchy: a wrong leaf of the right category is half right."""

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
_WIDENED = (
    "where the codes of the note and the codes given are both widened by all their ancestors, from the "
    "parent code to the category, each once a note; counts pooled; 0/0 = 0."
)
_CATEGORY = "where every code stands for its category, each category once a note; counts pooled; 0/0 = 0."

HIERARCHICAL: dict[str, Definition] = {
    "hierarchical_precision": Definition(
        "Hierarchical precision", f"TP / (TP + FP), {_WIDENED}", _ALL, _NOTES, _KIRITCHENKO
    ),
    "hierarchical_recall": Definition(
        "Hierarchical recall", f"TP / (TP + FN), {_WIDENED}", _ALL, _NOTES, _KIRITCHENKO
    ),
    "hierarchical_f1": Definition(
        "Hierarchical F1", f"2 TP / (2 TP + FP + FN), {_WIDENED}", _ALL, _NOTES, _KIRITCHENKO
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
        Of the split.
    codes
        The label space in label order [labels].

    """
    widened = _scores(_widened(outcomes, codes, _with_ancestors))
    categories = _scores(_widened(outcomes, codes, _category))
    return {
        **{name.replace("micro", "hierarchical"): value for name, value in widened.items()},
        **{f"category_{name}": value for name, value in categories.items()},
    }


def by_level(outcomes: Outcomes, codes: Sequence[Code]) -> dict[str, Any]:
    """Return how good the decisions are as chapters, as categories and as codes, and with all ancestors."""
    levels: dict[str, Nodes] = {
        "chapters": _chapter,
        "categories": _category,
        "codes": lambda code: [code.value],
        "codes and all their ancestors": _with_ancestors,
    }
    groups = [_level(name, _widened(outcomes, codes, nodes)) for name, nodes in levels.items()]
    return {"dimension": "level", "title": "By level of the hierarchy", "unit": "codes", "groups": groups}


class _Widened(NamedTuple):
    """How often which node stands for a code of a note, and for a code given [notes, nodes]."""

    gold: sparse.csr_array
    given: sparse.csr_array

    @property
    def shared(self) -> int:
        """The pairs of a note and a node that are in both."""
        return int(self.gold.multiply(self.given).nnz)


def _level(name: str, widened: _Widened) -> dict[str, Any]:
    gold = widened.gold
    return {
        "name": name,
        "labels": len(np.unique(gold.indices)),
        "notes": int(np.count_nonzero(np.diff(gold.indptr))),
        "positives": int(gold.nnz),
        "given": int(widened.given.nnz),
        "true_positives": widened.shared,
        **_scores(widened),
    }


def _scores(widened: _Widened) -> dict[str, float]:
    gold, given, shared = widened.gold.nnz, widened.given.nnz, widened.shared
    return {
        "micro_precision": float(ratio(shared, given)),
        "micro_recall": float(ratio(shared, gold)),
        "micro_f1": float(ratio(2 * shared, given + gold)),
    }


def _widened(outcomes: Outcomes, codes: Sequence[Code], nodes: Nodes) -> _Widened:
    membership = _membership(codes, nodes)
    return _Widened(
        _matrix(outcomes, outcomes.gold) @ membership, _matrix(outcomes, outcomes.given) @ membership
    )


def _matrix(outcomes: Outcomes, which: BoolArray) -> sparse.csr_array:
    ones = np.ones(int(which.sum()), dtype=np.int64)
    place = (outcomes.note[which], outcomes.label[which])
    return sparse.csr_array((ones, place), shape=(outcomes.notes, outcomes.labels))


def _membership(codes: Sequence[Code], nodes: Nodes) -> sparse.csr_array:
    """Return which label stands for which node [labels, nodes]; each code system has nodes of its own."""
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
