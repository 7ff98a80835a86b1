"""From a trained model to suggestions for one note, or to scores and evidence for a split.

A coder's screen, a service or a script holds a `Coder`.
"""

from typing import TYPE_CHECKING

from clem_icd.lazy import lazy_names

if TYPE_CHECKING:
    from clem_icd.prediction.checked_notes import notes_to_check
    from clem_icd.prediction.coder import Coder, Coding, Suggestion
    from clem_icd.prediction.deciding import rule_for
    from clem_icd.prediction.exporting import Exported, export_model
    from clem_icd.prediction.overlap import overlap_warnings
    from clem_icd.prediction.parity import Parity
    from clem_icd.prediction.precision_effects import measure_precisions, record_precisions
    from clem_icd.prediction.split_evidence import SplitEvidence, explain_split
    from clem_icd.prediction.split_scores import predict_split

__all__ = [
    "Coder",
    "Coding",
    "Exported",
    "Parity",
    "SplitEvidence",
    "Suggestion",
    "explain_split",
    "export_model",
    "measure_precisions",
    "notes_to_check",
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
        "Exported": "exporting",
        "Parity": "parity",
        "SplitEvidence": "split_evidence",
        "Suggestion": "coder",
        "explain_split": "split_evidence",
        "export_model": "exporting",
        "measure_precisions": "precision_effects",
        "notes_to_check": "checked_notes",
        "overlap_warnings": "overlap",
        "predict_split": "split_scores",
        "record_precisions": "precision_effects",
        "rule_for": "deciding",
    },
)
