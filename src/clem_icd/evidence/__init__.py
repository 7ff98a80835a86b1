"""How good is evidence? The spans of a system against those that coders marked.

The scores are those of MDACE (Cheng et al. 2023) and its evaluator: spans and their tokens, each where they
stand in the note and as words alone. Spans may be trimmed and merged first, as that evaluator offers. The
rules by which CodiEsp's Explainable track accepts a reference are in `clem_icd.evaluation.codiesp`.
"""

from clem_icd.evidence.cleaning import merge_adjacent, trim
from clem_icd.evidence.document import EVIDENCE_FORMAT, EVIDENCE_FORMAT_VERSION, evidence_document
from clem_icd.evidence.file import read_evidence
from clem_icd.evidence.note import JudgedNote
from clem_icd.evidence.scores import (
    EVIDENCE_DEFINITIONS,
    MatchCounts,
    evidence_counts,
    evidence_scores,
)
from clem_icd.evidence.words import words_in

__all__ = [
    "EVIDENCE_DEFINITIONS",
    "EVIDENCE_FORMAT",
    "EVIDENCE_FORMAT_VERSION",
    "JudgedNote",
    "MatchCounts",
    "evidence_counts",
    "evidence_document",
    "evidence_scores",
    "merge_adjacent",
    "read_evidence",
    "trim",
    "words_in",
]
