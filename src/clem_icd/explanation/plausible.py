"""How well explained notes agree with gold evidence, with intervals over notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from clem_icd.evidence import (
    MATCH_CLASSES,
    NoteRatios,
    normalised_entropy,
    note_ratios,
    strict_plausibility,
    token_plausibility,
    tuned_threshold,
)
from clem_icd.explanation.explained import ExplainedNote
from clem_icd.modeling import ModelInfo

__all__ = ["agreement", "best_threshold"]

_DEFAULT_THRESHOLD = 0.05
_PREFIX = "evidence_"
_MATCHED = tuple(f"{_PREFIX}match_{name}" for name in MATCH_CLASSES)


def best_threshold(explained: Sequence[ExplainedNote]) -> tuple[float, str]:
    """Return the threshold of token plausibility that suits some notes, and where it comes from.

    It is tuned on ``validation`` or, without any gold evidence there, the ``default``.
    """
    pairs = [pair for one in explained for pair in one.pairs()]
    if not pairs:
        return _DEFAULT_THRESHOLD, "default"
    return tuned_threshold(*zip(*pairs, strict=True)), "validation"


def agreement(
    explained: Sequence[ExplainedNote],
    info: ModelInfo,
    threshold: float,
    language: str,
    *,
    resamples: int,
) -> tuple[dict[str, float | None], dict[str, Any]]:
    """Return how well explained notes agree with gold evidence, and 95 % intervals by the bootstrap.

    Parameters
    ----------
    explained
        At least one note.
    threshold
        The weight from which on a token is predicted.
    language
        The language of the notes, for cues.
    resamples
        Number of resamples of subjects or, where they are unknown, of notes; 0 gives an empty document.

    Returns
    -------
    tuple
        Metrics by name, and the document of `NoteRatios.intervals` for those that are ratios of sums over
        notes.

    """
    pairs = [one.pairs() for one in explained]
    every = [pair for own in pairs for pair in own]
    ratios = _ratios(explained, info, language)
    values: dict[str, float | None] = dict(ratios.overall())
    if every:
        weights, evidence = zip(*every, strict=True)
        values |= token_plausibility(weights, evidence, threshold)
        values |= strict_plausibility(weights, evidence, threshold)
        values["entropy"] = float(normalised_entropy(weights).mean())
        ratios = NoteRatios({**_token_parts(pairs, threshold), **ratios.parts})
    spans = [
        len(found)
        for one in explained
        for label, found in zip(one.labels, one.spans, strict=True)
        if label in one.assigned
    ]
    values["without_span"] = float(np.mean([not count for count in spans])) if spans else None
    return _without_prefix(values), _intervals(ratios, explained, resamples)


def _ratios(explained: Sequence[ExplainedNote], info: ModelInfo, language: str) -> NoteRatios:
    """Return match classes of the codes with gold evidence, and what the spans of assigned codes are like."""
    matched, assigned = (
        note_ratios(
            [one.judged(info, labels) for one, labels in zip(explained, groups, strict=True)],
            language=language,
        ).parts
        for groups in ([set(one.gold) for one in explained], [one.assigned for one in explained])
    )
    parts = {name: matched[name] for name in _MATCHED}
    for name, own in assigned.items():
        if name.startswith((f"{_PREFIX}spans_per_code", f"{_PREFIX}label_overlap", f"{_PREFIX}cue_")):
            parts[name] = own
    return NoteRatios(parts)


def _token_parts(
    pairs: Sequence[Sequence[tuple[Any, Any]]], threshold: float
) -> dict[str, npt.NDArray[np.float64]]:
    """Return the numerators and denominators of precision, recall and F1 of predicted tokens, by note."""
    counts = np.zeros((len(pairs), 3))
    for row, own in enumerate(pairs):
        for weights, marked in own:
            # As doubles: a single threshold would be rounded to the precision of the weights.
            predicted = weights.astype(np.float64) > threshold
            counts[row] += predicted[marked].sum(), predicted.sum(), len(marked)
    hits, predicted, marked = counts.T
    return {
        "precision": np.stack([hits, predicted]),
        "recall": np.stack([hits, marked]),
        "f1": np.stack([2 * hits, predicted + marked]),
    }


def _intervals(ratios: NoteRatios, explained: Sequence[ExplainedNote], resamples: int) -> dict[str, Any]:
    if not resamples:
        return {}
    subjects = [one.note.subject_id for one in explained]
    document = ratios.intervals(None if None in subjects else subjects, resamples=resamples)
    return {**document, "metrics": _without_prefix(document["metrics"])}


def _without_prefix(values: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(_PREFIX): value for name, value in values.items()}
