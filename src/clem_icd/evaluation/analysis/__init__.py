"""Error analysis: a system's errors broken down by label, note and code.

Decisions are reduced to `Outcomes`, the pairs of a note and a label that are true, assigned, or both.
Everything here counts these pairs by a property of the label (its training frequency, its chapter), of the
note (its length, its number of codes) or of the pair (where its evidence begins, whether a sibling was
assigned instead), or after expanding both sides along the code hierarchy.
"""

from clem_icd.evaluation.analysis.breakdown import error_groups
from clem_icd.evaluation.analysis.document import (
    ERRORS_FORMAT,
    ERRORS_FORMAT_VERSION,
    errors_document,
)
from clem_icd.evaluation.analysis.grouping import Group
from clem_icd.evaluation.analysis.hierarchy import HIERARCHICAL, hierarchical_metrics
from clem_icd.evaluation.analysis.note_facts import NoteFacts, TokenStarts, note_facts
from clem_icd.evaluation.analysis.outcomes import Outcomes
from clem_icd.evaluation.analysis.siblings import Confusion, confusions

__all__ = [
    "ERRORS_FORMAT",
    "ERRORS_FORMAT_VERSION",
    "HIERARCHICAL",
    "Confusion",
    "Group",
    "NoteFacts",
    "Outcomes",
    "TokenStarts",
    "confusions",
    "error_groups",
    "errors_document",
    "hierarchical_metrics",
    "note_facts",
]
