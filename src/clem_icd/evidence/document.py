"""The evidence document: evidence metrics with their definitions and what was evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from clem_icd.corpus import Corpus, Evidence, about_for_results
from clem_icd.errors import ScoresError
from clem_icd.evidence.metrics import EVIDENCE_DEFINITIONS, EvidenceProfile, evidence_counts, named_metrics
from clem_icd.evidence.note import JudgedNote

__all__ = ["EVIDENCE_FORMAT", "EVIDENCE_FORMAT_VERSION", "evidence_document"]

EVIDENCE_FORMAT = "clem-icd/evidence-metrics"
EVIDENCE_FORMAT_VERSION = 1

Predicted = Mapping[str, Sequence[Evidence]]


def evidence_document(
    corpus: Corpus,
    split: str,
    predicted: Predicted,
    *,
    trimmed: bool = False,
    merged: bool = False,
    profile: EvidenceProfile = "exact",
) -> dict[str, Any]:
    """Compare predicted evidence with that of a corpus, on the notes that coders annotated.

    Notes of the split without evidence are assumed to be unannotated: evidence predicted for them is neither
    right nor wrong, and is counted as left out, like evidence for notes outside the split.

    Parameters
    ----------
    corpus
        The notes, and the evidence that coders marked.
    split
        The evaluated split.
    predicted
        A system's spans by note id.
    trimmed, merged, profile
        As for `evidence_metrics`.

    Raises
    ------
    CorpusError
        If the corpus has no such split.
    ScoresError
        If the split has no evidence, or no predicted span is for its annotated notes.
    InputError
        If a span is outside its text.

    """
    notes = list(judged_notes(corpus, split, predicted))
    if not notes:
        raise ScoresError(
            f"no note of {split} has evidence",
            path=corpus.path,
            remedy="Choose a split or a corpus with annotated evidence",
        )
    given = sum(map(len, predicted.values()))
    judged = sum(len(note.predicted) for note in notes)
    if given and not judged:
        raise ScoresError(
            f"none of the {given:,} predicted spans is for a note of {split} with evidence",
            remedy="Choose the split that the evidence was predicted for",
        )
    counts = evidence_counts(notes, trimmed=trimmed, merged=merged)
    metrics = named_metrics(counts, profile)
    return {
        "format": EVIDENCE_FORMAT,
        "format_version": EVIDENCE_FORMAT_VERSION,
        "corpus": about_for_results(corpus.about),
        "split": split,
        "notes": len(notes),
        "notes_without_evidence": corpus.size(split) - len(notes),
        "gold_spans": sum(len(note.gold) for note in notes),
        "predicted_spans": judged,
        "predicted_spans_left_out": given - judged,
        "options": {"trim": trimmed, "merge_adjacent": merged, "profile": profile},
        "counts": {match: asdict(own) for match, own in counts.items()},
        "metrics": metrics,
        "definitions": {name: asdict(EVIDENCE_DEFINITIONS[name]) for name in metrics},
    }


def judged_notes(corpus: Corpus, split: str, predicted: Predicted) -> Iterator[JudgedNote]:
    """Yield the annotated notes of a split, each with its gold and its predicted evidence."""
    for note in corpus.notes(split):
        if note.evidence:
            own = tuple(predicted.get(note.note_id, ()))
            # The prefixes keep note ids and admission ids from colliding.
            stay = f"note {note.note_id}" if note.admission_id is None else f"admission {note.admission_id}"
            yield JudgedNote(note.note_id, stay, note.text, note.evidence, own)
