"""Metrics of evidence that are ratios of sums over notes, so that notes can be resampled.

Besides precision, recall and F1 of spans and words: the match classes, label specificity, and the cues that
govern the spans.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clem_icd.corpus import Evidence
from clem_icd.cues import CUE_KINDS, LANGUAGES, bit_of, cues_in
from clem_icd.evaluation.definitions import Definition
from clem_icd.evaluation.note_weights import Groups, numbered_units
from clem_icd.evaluation.resampling import Progress, deviations, interval_of, interval_of_share
from clem_icd.evidence.matching import MATCH_CLASSES, match_class
from clem_icd.evidence.metrics import cleaned, evidence_counts
from clem_icd.evidence.note import JudgedNote
from clem_icd.evidence.specificity import label_overlap
from clem_icd.evidence.words import word_offsets, words_touched
from clem_icd.icd import Code

__all__ = ["RATIO_DEFINITIONS", "NoteRatios", "note_ratios"]

Doubles = NDArray[np.float64]

_LEVEL = 0.95
_COUNTED = ("span", "token")
"""The matches whose counts can be added over notes; those by text count once per admission."""

_BECKH = "Beckh et al. 2025 (Anatomy of Evidence)"
_OWN = "clem-icd"
_GOLD = "codes with evidence that coders marked"
_PREDICTED = "codes with predicted evidence"
_NOTES = "notes with evidence that coders marked"
_CLASSES = {
    "empty": "no word is predicted",
    "exact": "the predicted words are the marked words",
    "proximate": "not exact; a word of each marked span is predicted, and each predicted word is at most 10 "
    "words away from a marked span",
    "partial": "neither exact nor proximate; a marked word is predicted",
    "none": "words are predicted, but no marked word",
}
_SIDES = (("", "predicted"), ("gold_", "marked"))

RATIO_DEFINITIONS: dict[str, Definition] = {
    **{
        f"evidence_match_{name}": Definition(
            f"Evidence match: {name}",
            f"Share of pairs of note and code where {rule}. Words of the raw text, numbers included.",
            _GOLD,
            _NOTES,
            _BECKH,
        )
        for name, rule in _CLASSES.items()
    },
    "evidence_spans_per_code": Definition(
        "Spans per code",
        "Predicted spans over pairs of note and code with predicted evidence.",
        _PREDICTED,
        _NOTES,
        _OWN,
    ),
    **{
        f"evidence_{side}label_overlap": Definition(
            f"Label overlap, {title} evidence",
            f"Mean Jaccard overlap of the {title} words of two codes, over all pairs of codes of a note: 1 "
            "if every code has the same words.",
            f"codes with {title} evidence",
            _NOTES,
            _OWN,
        )
        for side, title in _SIDES
    },
    **{
        f"evidence_{side}cue_{kind}": Definition(
            f"Cue {kind.replace('_', ' ')}, {title} evidence",
            f"Share of {title} spans that a cue of this kind governs.",
            f"codes with {title} evidence",
            _NOTES,
            _OWN,
        )
        for side, title in _SIDES
        for kind in CUE_KINDS
    },
}
"""The definitions of the metrics that `note_ratios` adds to those of ``EVIDENCE_DEFINITIONS``."""


@dataclass(frozen=True, eq=False)
class NoteRatios:
    """Metrics that are ratios of sums over notes.

    Attributes
    ----------
    parts
        The numerators and the denominators of each metric, by its name [2, notes].

    """

    parts: Mapping[str, Doubles]

    def values(self, weights: Doubles) -> dict[str, Doubles]:
        """Return the metrics if notes count as often as the weights say; 0/0 = 0 [resamples].

        Parameters
        ----------
        weights
            How often each note counts [resamples, notes].

        """
        found = {}
        for name, parts in self.parts.items():
            numerators, denominators = parts @ weights.T
            values: Doubles = np.zeros(len(weights))
            np.divide(numerators, denominators, out=values, where=denominators > 0)
            found[name] = values
        return found

    def overall(self) -> dict[str, float]:
        """Return the metrics of all notes."""
        notes = next(iter(self.parts.values())).shape[1]
        return {name: float(value) for name, (value,) in self.values(np.ones((1, notes))).items()}

    def intervals(
        self,
        groups: Groups | None,
        *,
        resamples: int,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Return 95 % intervals by the bootstrap over notes, with their parameters, as a JSON object.

        Parameters
        ----------
        groups
            The subject of each note, whose notes are drawn together; None to draw single notes [notes].
        resamples, seed, progress
            As for `clem_icd.evaluation.intervals`.

        Raises
        ------
        ScoresError
            If there are fewer than two resamples.

        """
        overall = self.overall()
        notes = next(iter(self.parts.values())).shape[1]
        units = np.arange(notes) if groups is None else numbered_units(groups)
        found = {}
        if units.max() > 0:
            moved = deviations(self.values, units, resamples=resamples, seed=seed, progress=progress)
            count = int(units.max()) + 1
            for name, value in overall.items():
                if name == "evidence_spans_per_code":
                    interval = interval_of(value, moved[name], _LEVEL, bounds=(0.0, np.inf))
                else:
                    interval = interval_of_share(value, moved[name], _LEVEL, units=count)
                found[name] = asdict(interval)
        return {
            "level": _LEVEL,
            "resamples": resamples,
            "seed": seed,
            "unit": "notes" if groups is None else "subjects",
            "metrics": found,
        }


def note_ratios(
    notes: Iterable[JudgedNote],
    *,
    trimmed: bool = False,
    merged: bool = False,
    language: str | None = None,
) -> NoteRatios:
    """Return the metrics of ``RATIO_DEFINITIONS``, and those of spans and words in their place, by note.

    Parameters
    ----------
    notes
        The notes that coders annotated; at least one.
    trimmed, merged
        As for `evidence_counts`.
    language
        The language of the notes, one of `clem_icd.cues.LANGUAGES`. Without one of them, the metrics of cues
        are left out.

    Raises
    ------
    InputError
        If a span is outside its text.

    """
    rows = [
        {**_match_parts(note, trimmed=trimmed, merged=merged), **_parts(note, trimmed, merged, language)}
        for note in notes
    ]
    return NoteRatios({name: np.array([row[name] for row in rows], dtype=np.float64).T for name in rows[0]})


Parts = dict[str, tuple[float, float]]


def _match_parts(note: JudgedNote, *, trimmed: bool, merged: bool) -> Parts:
    counts = evidence_counts([note], trimmed=trimmed, merged=merged)
    parts: Parts = {}
    for match in _COUNTED:
        own = counts[match]
        hits, wrong, missed = own.true_positives, own.false_positives, own.false_negatives
        parts[f"evidence_{match}_precision"] = (hits, hits + wrong)
        parts[f"evidence_{match}_recall"] = (hits, hits + missed)
        parts[f"evidence_{match}_f1"] = (2 * hits, 2 * hits + wrong + missed)
    return parts


def _parts(note: JudgedNote, trimmed: bool, merged: bool, language: str | None) -> Parts:
    sides = [
        list(dict.fromkeys(cleaned(note, spans, trimmed=trimmed, merged=merged)))
        for spans in (note.predicted, note.gold)
    ]
    words = word_offsets(note.text)
    predicted, gold = (_by_code(spans, words) for spans in sides)
    classes = [match_class(ranges, predicted.get(code, [])) for code, ranges in gold.items()]
    parts: Parts = {f"evidence_match_{name}": (classes.count(name), len(classes)) for name in MATCH_CLASSES}
    parts["evidence_spans_per_code"] = (len(sides[0]), len(predicted))
    for (side, _), by_code in zip(_SIDES, (predicted, gold), strict=True):
        touched = [{word for one in ranges for word in one} for ranges in by_code.values()]
        parts[f"evidence_{side}label_overlap"] = label_overlap(touched)
    if language in LANGUAGES:
        parts.update(_cue_parts(note.text, language, sides))
    return parts


def _by_code(spans: Sequence[Evidence], words: NDArray[np.int64]) -> dict[Code, list[range]]:
    by_code: dict[Code, list[range]] = defaultdict(list)
    for span, touched in zip(spans, words_touched(words, spans), strict=True):
        by_code[span.code].append(touched)
    return by_code


def _cue_parts(text: str, language: str, sides: Sequence[Sequence[Evidence]]) -> Iterator[Any]:
    cues = cues_in(text, language)
    for (side, _), spans in zip(_SIDES, sides, strict=True):
        masks = cues.at_all([span.begin for span in spans], [span.end for span in spans])
        for kind in CUE_KINDS:
            governed = int(np.count_nonzero(masks & bit_of(kind)))
            yield f"evidence_{side}cue_{kind}", (governed, len(spans))
