"""Published evaluations: the metrics that each computes, by their names here, and the notes it counts."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass

from clem_icd.errors import ScoresError
from clem_icd.evaluation.definitions import DEFINITIONS

__all__ = ["PROFILES", "Profile", "hint_of_metric", "profile_of"]


@dataclass(frozen=True)
class Profile:
    """The metrics of a published evaluation.

    Attributes
    ----------
    title
        The publication, and its code if it has a name.
    names
        The metrics.
    coded_notes_only
        Whether notes without codes are excluded before anything is counted.

    """

    title: str
    names: tuple[str, ...]
    coded_notes_only: bool = False


def _at(metrics: str, cutoffs: tuple[int, ...], scope: str = "") -> tuple[str, ...]:
    return tuple(f"{metrics}_at_{k}{scope}" for k in cutoffs)


_EDIN_THRESHOLDED = (
    "micro_f1",
    "macro_f1",
    "micro_recall",
    "macro_recall",
    "micro_precision",
    "macro_precision",
    "fpr_micro",
    "fpr_macro",
    "exact_match",
)


def _edin(recall_cutoffs: tuple[int, ...]) -> tuple[str, ...]:
    labels = "_split_labels"
    return (
        *(f"{metric}{labels}" for metric in _EDIN_THRESHOLDED),
        *_at("precision", (5, 8, 15), labels),
        *_at("recall", recall_cutoffs, labels),
        f"map{labels}",
        f"r_precision{labels}",
        "roc_auc_micro",
        "roc_auc_macro",
    )


PROFILES: dict[str, Profile] = {
    "all": Profile(
        "Every metric of this project",
        tuple(name for name in DEFINITIONS if "_train_count_" not in name),
    ),
    "edin2024": Profile(
        "Edin et al. 2024 (explainable-medical-coding)", _edin((5, 10, 15)), coded_notes_only=True
    ),
    "edin2023": Profile(
        "Edin et al. 2023 (medical-coding-reproducibility), with its metrics over all labels",
        (*_edin((10, 15)), "micro_f1", "macro_f1_all_labels", *_at("precision", (5, 8, 15))),
        coded_notes_only=True,
    ),
    "caml": Profile(
        "Mullenbach et al. 2018 (caml-mimic), also used by PLM-ICD, MSMN and LAAT",
        (
            "micro_precision",
            "micro_recall",
            "micro_f1",
            "jaccard_micro",
            "macro_precision",
            "macro_recall",
            "macro_f1_caml",
            "jaccard_macro",
            "instance_precision",
            "instance_recall",
            "instance_f1_caml",
            *(name for metric in ("precision", "recall", "f1") for name in _at(metric, (5, 8, 15))),
            "roc_auc_micro",
            "roc_auc_macro",
        ),
    ),
    "codiesp": Profile(
        "CodiEsp (Miranda-Escalada et al. 2020), tracks D and P",
        ("map_codiesp", "micro_precision", "micro_recall", "micro_f1"),
    ),
    "mdace": Profile(
        "Code prediction on MDACE (Cheng et al. 2023; Edin et al. 2024); evidence has its own metrics",
        (
            "micro_precision",
            "micro_recall",
            "micro_f1",
            "macro_precision",
            "macro_recall",
            "macro_f1_all_labels",
            "macro_f1_split_labels",
            "macro_f1_caml",
        ),
    ),
}
"""The profiles by name."""


def profile_of(names: str | Collection[str]) -> Profile:
    """Return the profile with a name, or a profile of the named metrics.

    Raises
    ------
    ScoresError
        If the profile or a metric is unknown.

    """
    if isinstance(names, str):
        if names not in PROFILES:
            raise ScoresError(f"unknown profile {names!r}", remedy=_hint(names, PROFILES, "Choose one of"))
        return PROFILES[names]
    for name in names:
        if name not in DEFINITIONS:
            raise ScoresError(f"unknown metric {name!r}", remedy=hint_of_metric(name))
    return Profile("chosen metrics", tuple(names))


def hint_of_metric(name: str) -> str:
    """Suggest a metric for an unknown name, or list the definitions if the name has several."""
    variants = [
        known for known in DEFINITIONS if known.startswith(f"{name}_") and "_train_count_" not in known
    ]
    if len(variants) > 1:
        return f"Choose a definition: {', '.join(variants)} (see docs/reference/metrics.md)"
    close = difflib.get_close_matches(name, DEFINITIONS, n=1)
    return f"Did you mean {close[0]}?" if close else "See docs/reference/metrics.md for all names"


def _hint(name: str, known: Collection[str], introduction: str) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]}?" if close else f"{introduction} {', '.join(known)}"
