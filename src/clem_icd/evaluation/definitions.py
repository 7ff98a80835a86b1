"""What every metric name means: a number without its definition is not comparable with anything."""

from __future__ import annotations

from dataclasses import dataclass

from clem_icd.evaluation.buckets import BUCKETS
from clem_icd.evaluation.ranking import CUTOFFS

__all__ = ["DEFINITIONS", "Definition"]

_ALL = "all labels"
_IN_SPLIT = "labels with a positive in this split"
_EVERY_NOTE = "all notes"
_CODED = "notes with at least one code"

_CAML = "Mullenbach et al. 2018 (caml-mimic, evaluation.py)"
_EDIN_2023 = "Edin et al. 2023 (medical-coding-reproducibility)"
_EDIN_2024 = "Edin et al. 2024 (explainable-medical-coding)"


@dataclass(frozen=True)
class Definition:
    """The definition of one metric: how to read its name, and which labels and notes are counted."""

    title: str
    definition: str
    labels: str
    notes: str
    source: str


_MICRO = {
    "micro_precision": Definition(
        "Micro-precision", "TP / (TP + FP), counts pooled over all labels; 0/0 = 0.", _ALL, _EVERY_NOTE, _CAML
    ),
    "micro_recall": Definition(
        "Micro-recall", "TP / (TP + FN), counts pooled over all labels; 0/0 = 0.", _ALL, _EVERY_NOTE, _CAML
    ),
    "micro_f1": Definition(
        "Micro-F1",
        "2 TP / (2 TP + FP + FN), counts pooled over all labels; 0/0 = 0.",
        _ALL,
        _EVERY_NOTE,
        _CAML,
    ),
    "micro_f1_split_labels": Definition(
        "Micro-F1 (split labels)",
        "2 TP / (2 TP + FP + FN), counts pooled over the labels that some note of this split carries; "
        "predictions of other labels cost nothing.",
        _IN_SPLIT,
        _EVERY_NOTE,
        _EDIN_2024,
    ),
}

_MACRO = {
    "macro_precision": Definition(
        "Macro-precision",
        "Mean over labels of TP / (TP + FP); a label never predicted counts 0.",
        _ALL,
        _EVERY_NOTE,
        _CAML,
    ),
    "macro_recall": Definition(
        "Macro-recall",
        "Mean over labels of TP / (TP + FN); a label that no note carries counts 0.",
        _ALL,
        _EVERY_NOTE,
        _CAML,
    ),
    "macro_f1_all_labels": Definition(
        "Macro-F1 (all labels)",
        "Mean over labels of 2 TP / (2 TP + FP + FN); a label neither predicted nor there counts 0.",
        _ALL,
        _EVERY_NOTE,
        "scikit-learn, f1_score(average='macro', zero_division=0)",
    ),
    "macro_f1_split_labels": Definition(
        "Macro-F1 (split labels)",
        "Mean of 2 TP / (2 TP + FP + FN) over the labels that some note of this split carries.",
        _IN_SPLIT,
        _EVERY_NOTE,
        f"{_EDIN_2023}; {_EDIN_2024}",
    ),
    "macro_f1_caml": Definition(
        "Macro-F1 (CAML)",
        "2 P R / (P + R), the harmonic mean of macro-precision P and macro-recall R; 0/0 = 0.",
        _ALL,
        _EVERY_NOTE,
        _CAML,
    ),
}

_RANKING = {
    "r_precision": Definition(
        "R-precision",
        "Mean over notes of the share of the note's n codes that are among its n highest scores.",
        _ALL,
        _CODED,
        _EDIN_2023,
    ),
    "map": Definition(
        "MAP",
        "Mean over notes of average precision: the mean, over the note's codes, of the precision at each "
        "code's rank.",
        _ALL,
        _CODED,
        _EDIN_2023,
    ),
    "exact_match": Definition(
        "Exact match",
        "Share of notes whose predicted set of codes is exactly the note's set of codes.",
        _ALL,
        _EVERY_NOTE,
        "Edin et al. 2023, there over the labels of the split only",
    ),
}


def _at(k: int) -> dict[str, Definition]:
    return {
        f"precision_at_{k}": Definition(
            f"P@{k}",
            f"Mean over notes of the codes among the {k} highest scores / min({k}, labels); "
            "a note without codes counts 0, equal scores keep the order of the labels.",
            _ALL,
            _EVERY_NOTE,
            _CAML,
        ),
        f"recall_at_{k}": Definition(
            f"R@{k}",
            f"Mean over notes of the share of the note's codes among the {k} highest scores; "
            "equal scores keep the order of the labels.",
            _ALL,
            _CODED,
            _CAML,
        ),
    }


def _in_bucket(name: str, low: int, high: int | None) -> dict[str, Definition]:
    span = f"more than {low - 1}" if high is None else f"{low}" if low == high else f"{low} to {high}"
    labels = f"labels with {span} training notes"
    source = "this project"
    return {
        f"micro_f1_train_count_{name}": Definition(
            f"Micro-F1 ({span} training notes)",
            f"2 TP / (2 TP + FP + FN), counts pooled over the {labels}; 0/0 = 0.",
            labels,
            _EVERY_NOTE,
            source,
        ),
        f"macro_f1_train_count_{name}": Definition(
            f"Macro-F1 ({span} training notes)",
            f"Mean of 2 TP / (2 TP + FP + FN) over the {labels}; "
            "a label neither predicted nor there counts 0.",
            labels,
            _EVERY_NOTE,
            source,
        ),
    }


def _definitions() -> dict[str, Definition]:
    definitions = _MICRO | _MACRO
    for k in CUTOFFS:
        definitions |= _at(k)
    definitions |= _RANKING
    for name, low, high in BUCKETS:
        definitions |= _in_bucket(name, low, high)
    return definitions


DEFINITIONS: dict[str, Definition] = _definitions()
"""The definition of every name that `evaluate` can return."""
