"""From a trained model to suggestions for one note, or to scores and evidence for a split.

A coder's screen, a service or a script holds a `Coder`.
"""

from typing import TYPE_CHECKING

from clem_icd.lazy import lazy_names

if TYPE_CHECKING:
    from clem_icd.prediction.bulk import predict_split
    from clem_icd.prediction.coder import Coder, Coding, Suggestion
    from clem_icd.prediction.deciding import rule_for
    from clem_icd.prediction.overlap import overlap_warnings
    from clem_icd.prediction.precision_effects import measure_precisions, record_precisions
    from clem_icd.prediction.split_evidence import SplitEvidence, explain_split

__all__ = [
    "Coder",
    "Coding",
    "SplitEvidence",
    "Suggestion",
    "explain_split",
    "measure_precisions",
    "overlap_warnings",
    "predict_split",
    "record_precisions",
    "rule_for",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Coder": "coder",
        "Coding": "coder",
        "SplitEvidence": "split_evidence",
        "Suggestion": "coder",
        "explain_split": "split_evidence",
        "measure_precisions": "precision_effects",
        "overlap_warnings": "overlap",
        "predict_split": "bulk",
        "record_precisions": "precision_effects",
        "rule_for": "deciding",
    },
)
