"""Metrics of evidence: a system's spans compared with those that coders marked.

The metrics are those of MDACE (Cheng et al. 2023) and its evaluator: spans and their tokens, compared by
position and by text. Spans may be trimmed and merged first, as in that evaluator. The rules by which
CodiEsp's Explainable track accepts a reference are in `clem_icd.evaluation.codiesp`.
"""

from clem_icd.evidence.cleaning import merge_adjacent, trim
from clem_icd.evidence.document import EVIDENCE_FORMAT, EVIDENCE_FORMAT_VERSION, evidence_document
from clem_icd.evidence.file import read_evidence
from clem_icd.evidence.metrics import (
    EVIDENCE_DEFINITIONS,
    MatchCounts,
    evidence_counts,
    evidence_metrics,
)
from clem_icd.evidence.note import JudgedNote
from clem_icd.evidence.words import words_in
from clem_icd.evidence.writing import EvidenceWriter, evidence_writer

__all__ = [
    "EVIDENCE_DEFINITIONS",
    "EVIDENCE_FORMAT",
    "EVIDENCE_FORMAT_VERSION",
    "EvidenceWriter",
    "JudgedNote",
    "MatchCounts",
    "evidence_counts",
    "evidence_document",
    "evidence_metrics",
    "evidence_writer",
    "merge_adjacent",
    "read_evidence",
    "trim",
    "words_in",
]
