"""What every metric name means: a number without its definition is not comparable with anything."""

from __future__ import annotations

from dataclasses import dataclass

from clem_icd.decisions.frequency import BUCKETS
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


_SKLEARN = "scikit-learn"


def _over_labels(scope: str) -> dict[str, Definition]:
    """Metrics of the counts of labels, over all labels or over those of the split."""
    split = scope == "_split_labels"
    labels = _IN_SPLIT if split else _ALL
    title = " (split labels)" if split else ""
    source = f"{_EDIN_2023}; {_EDIN_2024}" if split else _CAML
    pooled = (
        "counts pooled over the labels that some note of this split carries; predictions of other labels "
        "cost nothing; 0/0 = 0."
        if split
        else "counts pooled over all labels; 0/0 = 0."
    )
    of_labels = "the labels that some note of this split carries" if split else "labels"

    def micro(name: str, formula: str, source: str = source) -> Definition:
        return Definition(f"{name}{title}", f"{formula}, {pooled}", labels, _EVERY_NOTE, source)

    def macro(name: str, formula: str, empty: str, source: str = source) -> Definition:
        return Definition(
            f"{name}{title}",
            f"Mean over {of_labels} of {formula}; {empty} counts 0.",
            labels,
            _EVERY_NOTE,
            source,
        )

    macro_f1 = "macro_f1_split_labels" if split else "macro_f1_all_labels"
    return {
        f"micro_precision{scope}": micro("Micro-precision", "TP / (TP + FP)"),
        f"micro_recall{scope}": micro("Micro-recall", "TP / (TP + FN)"),
        f"micro_f1{scope}": micro("Micro-F1", "2 TP / (2 TP + FP + FN)"),
        f"jaccard_micro{scope}": micro("Micro-Jaccard", "TP / (TP + FP + FN)", f"{_CAML}, there accuracy"),
        f"fpr_micro{scope}": micro("Micro-FPR", "FP / (FP + TN)", _EDIN_2023),
        f"macro_precision{scope}": macro("Macro-precision", "TP / (TP + FP)", "a label never predicted"),
        f"macro_recall{scope}": macro("Macro-recall", "TP / (TP + FN)", "a label that no note carries"),
        macro_f1: Definition(
            "Macro-F1 (split labels)" if split else "Macro-F1 (all labels)",
            f"Mean over {of_labels} of 2 TP / (2 TP + FP + FN); "
            "a label neither predicted nor there counts 0.",
            labels,
            _EVERY_NOTE,
            source if split else f"{_SKLEARN}, f1_score(average='macro', zero_division=0)",
        ),
        f"jaccard_macro{scope}": macro(
            "Macro-Jaccard",
            "TP / (TP + FP + FN)",
            "a label neither predicted nor there",
            f"{_CAML}, there accuracy",
        ),
        f"fpr_macro{scope}": macro(
            "Macro-FPR", "FP / (FP + TN)", "a label that every note carries", _EDIN_2023
        ),
    }


_CAML_MACRO = {
    "macro_f1_caml": Definition(
        "Macro-F1 (CAML)",
        "2 P R / (P + R), the harmonic mean of macro-precision P and macro-recall R; 0/0 = 0.",
        _ALL,
        _EVERY_NOTE,
        _CAML,
    )
}

_NEVER_CORRECT = {
    "never_correct_split_labels": Definition(
        "Never correct (split labels)",
        "Share of the labels that some note of this split carries which were given rightly to none of its "
        "notes; lower is better.",
        _IN_SPLIT,
        _EVERY_NOTE,
        "Edin et al. 2023, codes never predicted correctly",
    )
}

_INSTANCES = {
    "instance_precision": Definition(
        "Instance precision",
        "Mean over notes of the share of the note's predicted codes that are right; a note without "
        "predictions counts 0.",
        _ALL,
        _EVERY_NOTE,
        _CAML,
    ),
    "instance_recall": Definition(
        "Instance recall",
        "Mean over notes of the share of the note's codes that were predicted; a note without codes "
        "counts 0.",
        _ALL,
        _EVERY_NOTE,
        _CAML,
    ),
    "instance_f1": Definition(
        "Instance F1",
        "Mean over notes of 2 TP / (2 TP + FP + FN) of the note; a note with neither codes nor predictions "
        "counts 0.",
        _ALL,
        _EVERY_NOTE,
        f"{_SKLEARN}, f1_score(average='samples', zero_division=0)",
    ),
    "instance_f1_caml": Definition(
        "Instance F1 (CAML)",
        "2 P R / (P + R), the harmonic mean of instance precision P and instance recall R; 0/0 = 0.",
        _ALL,
        _EVERY_NOTE,
        _CAML,
    ),
}

_AREA_DEFINITIONS = {
    "roc_auc_micro": Definition(
        "Micro ROC-AUC",
        "The share of pairs, of a positive and a negative cell of the matrix of notes and labels, in which "
        "the positive scores higher; equal scores count one half. 0 if there is no such pair.",
        _ALL,
        _EVERY_NOTE,
        f"{_CAML}; {_SKLEARN}, roc_auc_score(average='micro')",
    ),
    "roc_auc_macro": Definition(
        "Macro ROC-AUC",
        "Mean over labels of the share of pairs, of a note that carries the label and one that does not, in "
        "which the first scores higher; equal scores count one half. 0 if there is no such label.",
        "labels that some notes of this split carry and some do not",
        _EVERY_NOTE,
        f"{_CAML}; {_SKLEARN}, roc_auc_score(average='macro') on these labels",
    ),
    "pr_auc_micro": Definition(
        "Micro PR-AUC",
        "Average precision over all cells of the matrix of notes and labels: the mean, over positive cells, "
        "of the precision among the cells that score at least as high. The area of steps, not of trapezoids.",
        _ALL,
        _EVERY_NOTE,
        f"{_SKLEARN}, average_precision_score(average='micro')",
    ),
    "pr_auc_macro": Definition(
        "Macro PR-AUC",
        "Mean over labels of average precision: the mean, over the notes that carry the label, of the "
        "precision among the notes that score at least as high. "
        "It is also called mean average precision over labels.",
        _IN_SPLIT,
        _EVERY_NOTE,
        f"{_SKLEARN}, average_precision_score(average='macro') on these labels",
    ),
}


def _ranked(scope: str) -> dict[str, Definition]:
    """Metrics of the order of the labels of a note, among all labels or among those of the split."""
    split = scope == "_split_labels"
    labels = _IN_SPLIT if split else _ALL
    title = " (split labels)" if split else ""
    among = ", among the labels that some note of this split carries" if split else ""
    source = f"{_EDIN_2023}; {_EDIN_2024}" if split else _CAML
    definitions = {}
    for k in CUTOFFS:
        definitions[f"precision_at_{k}{scope}"] = Definition(
            f"P@{k}{title}",
            f"Mean over notes of the codes among the {k} highest scores{among} / min({k}, labels); "
            "a note without codes counts 0, equal scores keep the order of the labels.",
            labels,
            _EVERY_NOTE,
            source,
        )
        definitions[f"recall_at_{k}{scope}"] = Definition(
            f"R@{k}{title}",
            f"Mean over notes of the share of the note's codes among the {k} highest scores{among}; "
            "equal scores keep the order of the labels.",
            labels,
            _CODED,
            source,
        )
        if not split:
            definitions[f"f1_at_{k}"] = Definition(
                f"F1@{k}",
                f"2 P R / (P + R), the harmonic mean of P@{k} and R@{k}, each over its notes; 0/0 = 0.",
                labels,
                _EVERY_NOTE,
                _CAML,
            )
    definitions[f"r_precision{scope}"] = Definition(
        f"R-precision{title}",
        f"Mean over notes of the share of the note's n codes that are among its n highest scores{among}.",
        labels,
        _CODED,
        _EDIN_2023,
    )
    definitions[f"map{scope}"] = Definition(
        f"MAP{title}",
        "Mean over notes of average precision: the mean, over the note's codes, of the precision at each "
        f"code's rank{among}.",
        labels,
        _CODED,
        _EDIN_2023,
    )
    if not split:
        definitions["map_at_30"] = Definition(
            "MAP@30",
            "As MAP, with a code below rank 30 counting 0.",
            labels,
            _CODED,
            "this project",
        )
        definitions["map_codiesp"] = Definition(
            "MAP (CodiEsp)",
            "As MAP, with a code below rank 1,000 and a note without codes counting 0: the official score of "
            "a submission that ranks all labels for every note.",
            labels,
            _EVERY_NOTE,
            "CodiEsp (Miranda-Escalada et al. 2020), codiespD_P_evaluation.py",
        )
    definitions[f"exact_match{scope}"] = Definition(
        f"Exact match{title}",
        "Share of notes whose predicted set of codes is exactly the note's set of codes"
        + (", both without other labels than those that some note of this split carries." if split else "."),
        labels,
        _EVERY_NOTE,
        source if split else f"{_SKLEARN}, accuracy_score",
    )
    return definitions


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
    definitions = _over_labels("") | _CAML_MACRO | _ranked("") | _INSTANCES | _AREA_DEFINITIONS
    definitions |= _over_labels("_split_labels") | _ranked("_split_labels") | _NEVER_CORRECT
    for name, low, high in BUCKETS:
        definitions |= _in_bucket(name, low, high)
    return definitions


DEFINITIONS: dict[str, Definition] = _definitions()
"""The definition of every name that `evaluate` can return."""
