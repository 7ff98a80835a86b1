"""Precision, recall and F1 of evidence: spans and words, compared by position and by text."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from clem_icd.corpus import Evidence
from clem_icd.errors import InputError
from clem_icd.evaluation.definitions import Definition
from clem_icd.evidence.cleaning import merge_adjacent, trim
from clem_icd.evidence.note import JudgedNote
from clem_icd.evidence.words import words_in

__all__ = ["EVIDENCE_DEFINITIONS", "EvidenceProfile", "MatchCounts", "evidence_counts", "evidence_metrics"]

EvidenceProfile = Literal["exact", "mdace"]

_EPSILON = {"exact": 0.0, "mdace": 1e-6}

_SOURCE = "Cheng et al. 2023 (MDACE, evaluate-predictions.py)"
_ONCE = "in lower case, matched by admission and code, each once per admission"
_NUMBERS = "numbers above 10 are not words"
_MATCHES = {
    "span": ("span", "spans, matched by note, code, begin and end"),
    "span_text": ("span text", f"texts of spans, {_ONCE}"),
    "token": ("token", f"words of spans, matched by note, code and the begin of the word; {_NUMBERS}"),
    "token_text": ("token text", f"words of spans, {_ONCE}; {_NUMBERS}"),
}
_VALUES = {"precision": "TP / (TP + FP)", "recall": "TP / (TP + FN)", "f1": "2 P R / (P + R)"}

EVIDENCE_DEFINITIONS: dict[str, Definition] = {
    f"evidence_{match}_{value}": Definition(
        f"Evidence {title} {value if value != 'f1' else 'F1'}",
        f"{formula} over {words}; 0/0 = 0.",
        "codes with evidence, on either side",
        "notes with evidence that coders marked",
        _SOURCE,
    )
    for match, (title, words) in _MATCHES.items()
    for value, formula in _VALUES.items()
}
"""The definition of every name that `evidence_metrics` returns."""


@dataclass(frozen=True)
class MatchCounts:
    """The number of items in both the gold and the predicted evidence, and in only one of them."""

    true_positives: int = 0
    false_positives: int = 0
    false_negatives: int = 0

    def metrics(self, epsilon: float = 0.0) -> dict[str, float]:
        """Return precision, recall and F1, with ``epsilon`` added to each denominator and 0/0 = 0."""
        precision = _share(self.true_positives, self.true_positives + self.false_positives + epsilon)
        recall = _share(self.true_positives, self.true_positives + self.false_negatives + epsilon)
        f1 = _share(2 * precision * recall, precision + recall + epsilon)
        return {"precision": precision, "recall": recall, "f1": f1}


def evidence_counts(
    notes: Iterable[JudgedNote], *, trimmed: bool = False, merged: bool = False
) -> dict[str, MatchCounts]:
    """Count matches by ``span``, ``span_text``, ``token`` and ``token_text``.

    Parameters
    ----------
    notes
        The notes that coders annotated.
    trimmed
        Apply `trim` to gold and predicted spans first.
    merged
        Apply `merge_adjacent` to gold and predicted spans first, before trimming.

    Raises
    ------
    InputError
        If a span is outside its text.

    """
    gold: dict[str, set[Hashable]] = {match: set() for match in _MATCHES}
    predicted: dict[str, set[Hashable]] = {match: set() for match in _MATCHES}
    for note in notes:
        for found, spans in ((gold, note.gold), (predicted, note.predicted)):
            for span in cleaned(note, spans, trimmed=trimmed, merged=merged):
                _add(found, note, span)
    return {match: _compared(gold[match], predicted[match]) for match in _MATCHES}


def evidence_metrics(
    notes: Iterable[JudgedNote],
    *,
    trimmed: bool = False,
    merged: bool = False,
    profile: EvidenceProfile = "exact",
) -> dict[str, float]:
    """Return the metrics that ``EVIDENCE_DEFINITIONS`` defines.

    Parameters
    ----------
    notes, trimmed, merged
        As for `evidence_counts`.
    profile
        ``mdace`` adds 1e-6 to every denominator, as MDACE's evaluator does; the difference is too small to
        show in its published tables.

    Raises
    ------
    InputError
        If a span is outside its text.

    """
    return named_metrics(evidence_counts(notes, trimmed=trimmed, merged=merged), profile)


def named_metrics(counts: dict[str, MatchCounts], profile: EvidenceProfile) -> dict[str, float]:
    """Return the metrics of counts by name."""
    return {
        f"evidence_{match}_{name}": value
        for match, own in counts.items()
        for name, value in own.metrics(_EPSILON[profile]).items()
    }


def cleaned(
    note: JudgedNote, spans: Sequence[Evidence], *, trimmed: bool, merged: bool
) -> Iterator[Evidence]:
    """Yield spans of a note as the options want them.

    Raises
    ------
    InputError
        If a span is outside its text.

    """
    for span in spans:
        if not 0 <= span.begin <= span.end <= len(note.text):
            raise InputError(
                f"note {note.note_id} has evidence at {span.begin}:{span.end}, expected offsets within its "
                f"{len(note.text)} characters",
                remedy="Use half-open offsets into the raw text, in Unicode code points",
            )
    for span in merge_adjacent(spans, note.text) if merged else spans:
        yield trim(span, note.text) if trimmed else span


def _add(found: dict[str, set[Hashable]], note: JudgedNote, span: Evidence) -> None:
    covered = note.text[span.begin : span.end]
    found["span"].add((note.note_id, span))
    found["span_text"].add((note.stay, span.code, covered.lower()))
    for begin, word in words_in(covered):
        found["token"].add((note.note_id, span.code, span.begin + begin))
        found["token_text"].add((note.stay, span.code, word))


def _compared(gold: set[Hashable], predicted: set[Hashable]) -> MatchCounts:
    shared = len(gold & predicted)
    return MatchCounts(shared, len(predicted) - shared, len(gold) - shared)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
