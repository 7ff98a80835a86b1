"""The evidence document: evidence metrics with their definitions and what was evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from clem_icd.corpus import Corpus, Evidence, about_for_results
from clem_icd.errors import ScoresError
from clem_icd.evaluation.resampling import Progress
from clem_icd.evidence.metrics import EVIDENCE_DEFINITIONS, EvidenceProfile, evidence_counts, named_metrics
from clem_icd.evidence.note import JudgedNote
from clem_icd.evidence.outside import notes_outside
from clem_icd.evidence.ratios import RATIO_DEFINITIONS, note_ratios

__all__ = ["EVIDENCE_FORMAT", "EVIDENCE_FORMAT_VERSION", "evidence_document"]

EVIDENCE_FORMAT = "clem-icd/evidence-metrics"
EVIDENCE_FORMAT_VERSION = 1

_DEFINITIONS = {**EVIDENCE_DEFINITIONS, **RATIO_DEFINITIONS}

Predicted = Mapping[str, Sequence[Evidence]]


def evidence_document(
    corpus: Corpus,
    split: str,
    predicted: Predicted,
    *,
    trimmed: bool = False,
    merged: bool = False,
    profile: EvidenceProfile = "exact",
    language: str | None = None,
    resamples: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Compare predicted evidence with that of a corpus, on the notes that coders annotated.

    Notes of the split without evidence are assumed to be unannotated: evidence predicted for them is neither
    right nor wrong, and is counted as left out, like evidence for notes outside the split. Evidence for notes
    outside the corpus is also counted separately.

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
    language
        The language of the notes, for the cues that govern spans; by default that of the corpus.
    resamples
        Number of resamples for the intervals, by subject where the corpus has subjects and by note otherwise;
        0 omits the intervals. Metrics of texts have none, since equal texts of an admission count once.
    progress
        Called with the number of resamples just finished.

    Raises
    ------
    CorpusError
        If the corpus has no such split.
    ScoresError
        If the split has no evidence, no predicted span is for its annotated notes, or the evidence belongs to
        another corpus.
    InputError
        If a span is outside its text.

    """
    outside = notes_outside(corpus, predicted)
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
    language = language or language_of(corpus)
    ratios = note_ratios(notes, trimmed=trimmed, merged=merged, language=language)
    # Precision, recall and F1 are those of the profile.
    metrics = {**ratios.overall(), **named_metrics(counts, profile)}
    document = {
        "format": EVIDENCE_FORMAT,
        "format_version": EVIDENCE_FORMAT_VERSION,
        "corpus": about_for_results(corpus.about),
        "split": split,
        "notes": len(notes),
        "notes_without_evidence": corpus.size(split) - len(notes),
        "gold_spans": sum(len(note.gold) for note in notes),
        "predicted_spans": judged,
        "predicted_spans_left_out": given - judged,
        "predicted_spans_outside_corpus": sum(len(predicted[note_id]) for note_id in outside),
        "predicted_notes_outside_corpus": len(outside),
        "options": {"trim": trimmed, "merge_adjacent": merged, "profile": profile, "language": language},
        "counts": {match: asdict(own) for match, own in counts.items()},
        "metrics": metrics,
        "definitions": {name: asdict(_DEFINITIONS[name]) for name in metrics},
    }
    if resamples:
        groups = _subjects(corpus, split, notes)
        document["intervals"] = ratios.intervals(groups, resamples=resamples, progress=progress)
    return document


def language_of(corpus: Corpus) -> str:
    """Return the language that a corpus was prepared in, English if it does not say."""
    return str(corpus.about["options"].get("language", "en"))


def _subjects(corpus: Corpus, split: str, notes: Sequence[JudgedNote]) -> list[str | None] | None:
    subjects = corpus.subjects(split)
    if subjects is None:
        return None
    subject_of = dict(zip(corpus.note_ids(split), subjects, strict=True))
    return [subject_of[note.note_id] for note in notes]


def judged_notes(corpus: Corpus, split: str, predicted: Predicted) -> Iterator[JudgedNote]:
    """Yield the annotated notes of a split, each with its gold and its predicted evidence."""
    for note in corpus.notes(split):
        if note.evidence:
            own = tuple(predicted.get(note.note_id, ()))
            # The prefixes keep note ids and admission ids from colliding.
            stay = f"note {note.note_id}" if note.admission_id is None else f"admission {note.admission_id}"
            yield JudgedNote(note.note_id, stay, note.text, note.evidence, own)
