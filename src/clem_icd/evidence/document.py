"""Evidence scores together with what they are of and how they are defined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from clem_icd.corpus import Corpus, Evidence
from clem_icd.errors import ScoresError
from clem_icd.evidence.note import JudgedNote
from clem_icd.evidence.scores import EVIDENCE_DEFINITIONS, EvidenceProfile, evidence_counts, named_scores

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
    """Judge evidence against that of a corpus, in the notes that have any.

    Notes of the split without evidence are taken for notes that no one marked: evidence given for them is
    neither right nor wrong, and is counted as left out with that for notes outside the split.

    Parameters
    ----------
    corpus
        The notes, and the evidence that coders marked.
    split
        The split to judge.
    predicted
        The spans of a system by note id.
    trimmed, merged, profile
        As for `evidence_scores`.

    Raises
    ------
    CorpusError
        If the corpus has no such split.
    ScoresError
        If the split has no evidence, or none of the given evidence is for its notes.
    InputError
        If a span lies outside its text.

    """
    notes = list(judged_notes(corpus, split, predicted))
    if not notes:
        raise ScoresError(f"no note of {split} has evidence to compare with", path=corpus.path)
    given = sum(map(len, predicted.values()))
    judged = sum(len(note.predicted) for note in notes)
    if given and not judged:
        raise ScoresError(
            f"none of the {given:,} spans is for a note of {split} that has evidence",
            remedy="Name the split that the evidence was made for",
        )
    counts = evidence_counts(notes, trimmed=trimmed, merged=merged)
    metrics = named_scores(counts, profile)
    return {
        "format": EVIDENCE_FORMAT,
        "format_version": EVIDENCE_FORMAT_VERSION,
        "corpus": {key: corpus.about.get(key) for key in ("name", "source", "synthetic")},
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
    """Yield the notes of a split that coders marked evidence in, with that of a system beside it."""
    for note in corpus.notes(split):
        if note.evidence:
            own = tuple(predicted.get(note.note_id, ()))
            # An id of an admission must not meet that of a note.
            stay = f"note {note.note_id}" if note.admission_id is None else f"admission {note.admission_id}"
            yield JudgedNote(note.note_id, stay, note.text, note.evidence, own)
