"""The metrics to show where not all of them fit: one list, with variations for some purposes."""

from __future__ import annotations

__all__ = ["COMPARISON_METRICS", "HEADLINES", "KEY_METRICS", "POLICY_METRICS", "SUMMARY_METRICS"]

_MACRO_F1 = ("macro_f1_all_labels", "macro_f1_split_labels", "macro_f1_caml")
"""All three definitions of macro-F1, since they differ by up to a factor of two."""

HEADLINES = ("micro_f1", *_MACRO_F1, "map", "precision_at_8")
"""Metrics that a report, a model card and the training history show."""

KEY_METRICS = ("micro_f1", "macro_f1_all_labels", "map")
"""Metrics that the command line prints after training."""

COMPARISON_METRICS = ("micro_f1", "micro_f1_split_labels", *HEADLINES[1:])
"""The default columns of a comparison: published tables often count only labels of the split in micro-F1."""

POLICY_METRICS = ("micro_f1", *_MACRO_F1, "instance_f1")
"""Metrics for comparing decision policies: F1 only, since a policy leaves the ranking of labels unchanged."""

SUMMARY_METRICS = (
    *("micro_f1", "micro_precision", "micro_recall"),
    *_MACRO_F1,
    *("precision_at_5", "precision_at_8", "precision_at_15", "map"),
    *("roc_auc_micro", "roc_auc_macro"),
)
"""Metrics that an evaluation prints on the terminal: those that most tables of the field show."""
