"""Averaging the scores of several systems."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clem_icd.errors import InputError, ScoresError
from clem_icd.scores.file import Scores, require_same_labels

__all__ = ["average"]


def average(parts: Sequence[Scores], weights: Sequence[float]) -> Scores:
    """Return the weighted mean of scores of the same notes for the same labels.

    Notes are in the order of the first part. The result is a system of its own: its decision rule has to be
    chosen anew.

    Parameters
    ----------
    parts
        Scores of at least two systems.
    weights
        Their weights, above 0; only their ratios matter [parts].

    Raises
    ------
    InputError
        If there are fewer than two parts, or as many weights as there are not parts, or a weight is not
        above 0.
    ScoresError
        If the label spaces or the notes differ, or the parts are of different splits or corpora.

    """
    if len(parts) < 2 or len(parts) != len(weights):
        raise InputError(
            f"{len(parts)} scores files with {len(weights)} weights, expected two or more with a weight each",
            remedy="Write for example --weights 0.8,0.2 for two files",
        )
    if not all(np.isfinite(weight) and weight > 0 for weight in weights):
        raise InputError(f"the weights are {list(weights)}, expected numbers above 0")
    first, *others = parts
    for other in others:
        require_same_labels(first.labels, other.labels, "the first scores", "others")
        _require_same_notes(first, other)
    shares = np.asarray(weights, dtype=np.float64) / sum(weights)
    values = np.zeros(first.values.shape, dtype=np.float64)
    for part, share in zip(parts, shares, strict=True):
        row_of = {note_id: row for row, note_id in enumerate(part.note_ids)}
        values += share * part.values[[row_of[note_id] for note_id in first.note_ids]]
    names = [
        f"{share:.2g} {part.about.get('system', 'unknown')}"
        for part, share in zip(parts, shares, strict=True)
    ]
    warnings = list(dict.fromkeys(line for part in parts for line in part.warnings))
    about = {**first.about, "system": " + ".join(names), "warnings": warnings}
    return Scores(first.note_ids, first.labels, values.astype(np.float32), about)


def _require_same_notes(one: Scores, other: Scores) -> None:
    if set(one.note_ids) != set(other.note_ids):
        only = len(set(one.note_ids) ^ set(other.note_ids))
        raise ScoresError(
            f"{only:,} notes have scores of one system only",
            remedy="Predict the same split with both systems",
        )
    for key in ("corpus_fingerprint", "split"):
        found = one.about.get(key), other.about.get(key)
        if None not in found and found[0] != found[1]:
            raise ScoresError(
                f"the scores are of different {'splits' if key == 'split' else 'corpora'}",
                remedy="Predict the same split of one corpus with both systems",
            )
