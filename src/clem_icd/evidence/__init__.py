"""Evidence files, and metrics of evidence: what a system marks compared with what coders marked.

The metrics of spans are those of MDACE (Cheng et al. 2023) and its evaluator: spans and their words, compared
by position and by text. Spans may be trimmed and merged first, as in that evaluator. Beside them stand match
classes, label overlap and the cues that govern spans, with intervals. The metrics of weights of tokens are
those of Edin et al. 2024. The rules by which CodiEsp's Explainable track accepts a reference are in
`clem_icd.evaluation.codiesp`.
"""

from clem_icd.evidence.cleaning import merge_adjacent, trim
from clem_icd.evidence.codiesp import export_codiesp
from clem_icd.evidence.document import EVIDENCE_FORMAT, EVIDENCE_FORMAT_VERSION, evidence_document
from clem_icd.evidence.file import read_evidence
from clem_icd.evidence.joining import join_evidence
from clem_icd.evidence.matching import MATCH_CLASSES, MatchClass, match_class
from clem_icd.evidence.mdace import export_mdace
from clem_icd.evidence.metrics import (
    EVIDENCE_DEFINITIONS,
    MatchCounts,
    evidence_counts,
    evidence_metrics,
)
from clem_icd.evidence.note import JudgedNote
from clem_icd.evidence.plausibility import (
    normalised_entropy,
    strict_plausibility,
    token_plausibility,
    tuned_threshold,
)
from clem_icd.evidence.ratios import RATIO_DEFINITIONS, NoteRatios, note_ratios
from clem_icd.evidence.specificity import label_overlap
from clem_icd.evidence.words import word_offsets, words_in, words_touched
from clem_icd.evidence.writing import EvidenceWriter, evidence_writer

__all__ = [
    "EVIDENCE_DEFINITIONS",
    "EVIDENCE_FORMAT",
    "EVIDENCE_FORMAT_VERSION",
    "MATCH_CLASSES",
    "RATIO_DEFINITIONS",
    "EvidenceWriter",
    "JudgedNote",
    "MatchClass",
    "MatchCounts",
    "NoteRatios",
    "evidence_counts",
    "evidence_document",
    "evidence_metrics",
    "evidence_writer",
    "export_codiesp",
    "export_mdace",
    "join_evidence",
    "label_overlap",
    "match_class",
    "merge_adjacent",
    "normalised_entropy",
    "note_ratios",
    "read_evidence",
    "strict_plausibility",
    "token_plausibility",
    "trim",
    "tuned_threshold",
    "word_offsets",
    "words_in",
    "words_touched",
]
