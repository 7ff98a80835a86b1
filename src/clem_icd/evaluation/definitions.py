"""The definition of every metric name: a number without its definition cannot be compared with any other."""

from __future__ import annotations

from dataclasses import dataclass

from clem_icd.decisions.frequency import BUCKETS
from clem_icd.evaluation.ranking import CUTOFFS

__all__ = ["ALL_LABELS", "DEFINITIONS", "Definition"]

ALL_LABELS = "all labels"
_IN_SPLIT = "labels with a positive in this split"
_EVERY_NOTE = "all notes"
_CODED = "notes with at least one code"

_CAML = "Mullenbach et al. 2018 (caml-mimic, evaluation.py)"
_EDIN_2023 = "Edin et al. 2023 (medical-coding-reproducibility)"
_EDIN_2024 = "Edin et al. 2024 (explainable-medical-coding)"


@dataclass(frozen=True)
class Definition:
    """The definition of one metric: its title and formula, and which labels and notes are counted."""

    title: str
    definition: str
    labels: str
    notes: str
    source: str


_SKLEARN = "scikit-learn"


def _over_labels(scope: str) -> dict[str, Definition]:
    """Define the metrics of label counts, over all labels or those with a positive in the split."""
    split = scope == "_split_labels"
    labels = _IN_SPLIT if split else ALL_LABELS
    title = " (split labels)" if split else ""
    source = f"{_EDIN_2023}; {_EDIN_2024}" if split else _CAML
    pooled = (
        "counts pooled over labels with a positive in this split; predictions of other labels are ignored; "
        "0/0 = 0."
        if split
        else "counts pooled over all labels; 0/0 = 0."
    )
    over = _IN_SPLIT if split else "labels"

    def micro(name: str, formula: str, source: str = source) -> Definition:
        return Definition(f"{name}{title}", f"{formula}, {pooled}", labels, _EVERY_NOTE, source)

    def macro(name: str, formula: str, empty: str, source: str = source) -> Definition:
        return Definition(
            f"{name}{title}",
            f"Mean over {over} of {formula}; {empty} counts as 0.",
            labels,
            _EVERY_NOTE,
            source,
        )

    macro_f1 = "macro_f1_split_labels" if split else "macro_f1_all_labels"
    return {
        f"micro_precision{scope}": micro("Micro-precision", "TP / (TP + FP)"),
        f"micro_recall{scope}": micro("Micro-recall", "TP / (TP + FN)"),
        f"micro_f1{scope}": micro("Micro-F1", "2 TP / (2 TP + FP + FN)"),
        f"jaccard_micro{scope}": micro("Micro-Jaccard", "TP / (TP + FP + FN)", f"{_CAML}, as accuracy"),
        f"fpr_micro{scope}": micro("Micro-FPR", "FP / (FP + TN)", _EDIN_2023),
        f"macro_precision{scope}": macro("Macro-precision", "TP / (TP + FP)", "a label never predicted"),
        f"macro_recall{scope}": macro("Macro-recall", "TP / (TP + FN)", "a label that no note has"),
        macro_f1: Definition(
            "Macro-F1 (split labels)" if split else "Macro-F1 (all labels)",
            f"Mean over {over} of 2 TP / (2 TP + FP + FN); "
            "a label neither predicted nor present counts as 0.",
            labels,
            _EVERY_NOTE,
            source if split else f"{_SKLEARN}, f1_score(average='macro', zero_division=0)",
        ),
        f"jaccard_macro{scope}": macro(
            "Macro-Jaccard",
            "TP / (TP + FP + FN)",
            "a label neither predicted nor present",
            f"{_CAML}, as accuracy",
        ),
        f"fpr_macro{scope}": macro("Macro-FPR", "FP / (FP + TN)", "a label that every note has", _EDIN_2023),
    }


_CAML_MACRO = {
    "macro_f1_caml": Definition(
        "Macro-F1 (CAML)",
        "2 P R / (P + R), the harmonic mean of macro-precision P and macro-recall R; 0/0 = 0.",
        ALL_LABELS,
        _EVERY_NOTE,
        _CAML,
    )
}

_NEVER_CORRECT = {
    "never_correct_split_labels": Definition(
        "Never correct (split labels)",
        "Share of labels with a positive in this split that were not predicted correctly for any note; lower "
        "is better.",
        _IN_SPLIT,
        _EVERY_NOTE,
        "Edin et al. 2023, codes never predicted correctly",
    )
}

_INSTANCES = {
    "instance_precision": Definition(
        "Instance precision",
        "Mean over notes of the share of the note's predicted codes that are correct; a note without "
        "predictions counts as 0.",
        ALL_LABELS,
        _EVERY_NOTE,
        _CAML,
    ),
    "instance_recall": Definition(
        "Instance recall",
        "Mean over notes of the share of the note's codes that were predicted; a note without codes "
        "counts as 0.",
        ALL_LABELS,
        _EVERY_NOTE,
        _CAML,
    ),
    "instance_f1": Definition(
        "Instance F1",
        "Mean over notes of 2 TP / (2 TP + FP + FN) of the note; a note with neither codes nor predictions "
        "counts as 0.",
        ALL_LABELS,
        _EVERY_NOTE,
        f"{_SKLEARN}, f1_score(average='samples', zero_division=0)",
    ),
    "instance_f1_caml": Definition(
        "Instance F1 (CAML)",
        "2 P R / (P + R), the harmonic mean of instance precision P and instance recall R; 0/0 = 0.",
        ALL_LABELS,
        _EVERY_NOTE,
        _CAML,
    ),
}

_AREA_DEFINITIONS = {
    "roc_auc_micro": Definition(
        "Micro ROC-AUC",
        "The share of pairs of a positive and a negative cell of the matrix of notes and labels in which the "
        "positive cell scores higher; equal scores count as one half. 0 if there is no such pair.",
        ALL_LABELS,
        _EVERY_NOTE,
        f"{_CAML}; {_SKLEARN}, roc_auc_score(average='micro')",
    ),
    "roc_auc_macro": Definition(
        "Macro ROC-AUC",
        "Mean over labels of the share of pairs of a note with the label and a note without it in which the "
        "former scores higher; equal scores count as one half. 0 if there is no such label.",
        "labels with both a positive and a negative in this split",
        _EVERY_NOTE,
        f"{_CAML}; {_SKLEARN}, roc_auc_score(average='macro') on these labels",
    ),
    "pr_auc_micro": Definition(
        "Micro PR-AUC",
        "Average precision over all cells of the matrix of notes and labels: the mean, over positive cells, "
        "of the precision among the cells that score at least as high. The area of steps, not of trapezoids.",
        ALL_LABELS,
        _EVERY_NOTE,
        f"{_SKLEARN}, average_precision_score(average='micro')",
    ),
    "pr_auc_macro": Definition(
        "Macro PR-AUC",
        "Mean over labels of average precision: the mean, over the notes with the label, of the precision "
        "among the notes that score at least as high. Also called mean average precision over labels.",
        _IN_SPLIT,
        _EVERY_NOTE,
        f"{_SKLEARN}, average_precision_score(average='macro') on these labels",
    ),
}


def _ranked(scope: str) -> dict[str, Definition]:
    """Define the metrics of label rankings, over all labels or those with a positive in the split."""
    split = scope == "_split_labels"
    labels = _IN_SPLIT if split else ALL_LABELS
    title = " (split labels)" if split else ""
    of_split = f" of {_IN_SPLIT}" if split else ""
    among = f" among {_IN_SPLIT}" if split else ""
    source = f"{_EDIN_2023}; {_EDIN_2024}" if split else _CAML
    definitions = {}
    for k in CUTOFFS:
        definitions[f"precision_at_{k}{scope}"] = Definition(
            f"P@{k}{title}",
            f"Mean over notes of the number of the note's codes among the {k} highest scores{of_split}, "
            f"divided by min({k}, labels); a note without codes counts as 0; ties are ranked in label order.",
            labels,
            _EVERY_NOTE,
            source,
        )
        definitions[f"recall_at_{k}{scope}"] = Definition(
            f"R@{k}{title}",
            f"Mean over notes of the share of the note's codes that are among the {k} highest "
            f"scores{of_split}; ties are ranked in label order.",
            labels,
            _CODED,
            source,
        )
        if not split:
            definitions[f"f1_at_{k}"] = Definition(
                f"F1@{k}",
                f"2 P R / (P + R), the harmonic mean of P@{k} and R@{k}, each averaged over its own notes; "
                "0/0 = 0.",
                labels,
                _EVERY_NOTE,
                _CAML,
            )
    definitions[f"r_precision{scope}"] = Definition(
        f"R-precision{title}",
        f"Mean over notes of the share of the note's n codes that are among its n highest scores{of_split}.",
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
            "As MAP, but a code ranked below 30 counts as 0.",
            labels,
            _CODED,
            "this project",
        )
        definitions["map_codiesp"] = Definition(
            "MAP (CodiEsp)",
            "As MAP, but a code ranked below 1,000 counts as 0, and so does a note without codes: the "
            "official score of a submission that ranks all labels for every note.",
            labels,
            _EVERY_NOTE,
            "CodiEsp (Miranda-Escalada et al. 2020), codiespD_P_evaluation.py",
        )
    definitions[f"exact_match{scope}"] = Definition(
        f"Exact match{title}",
        "Share of notes for which the predicted set of codes equals the note's set of codes"
        + (f", both restricted to {_IN_SPLIT}." if split else "."),
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
            f"2 TP / (2 TP + FP + FN), counts pooled over {labels}; 0/0 = 0.",
            labels,
            _EVERY_NOTE,
            source,
        ),
        f"macro_f1_train_count_{name}": Definition(
            f"Macro-F1 ({span} training notes)",
            f"Mean over {labels} of 2 TP / (2 TP + FP + FN); "
            "a label neither predicted nor present counts as 0.",
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
