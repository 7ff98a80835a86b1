"""The dimensions by which outcomes are grouped; each becomes a table of ``metrics.json``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clem_icd.decisions.arrays import IntArray, check_train_counts
from clem_icd.decisions.frequency import BUCKETS
from clem_icd.evaluation.analysis.grouping import Group, by_label, by_note, recall_by_code, table
from clem_icd.evaluation.analysis.outcomes import Outcomes
from clem_icd.icd import Code, chapter

__all__ = [
    "LENGTHS",
    "by_chapter",
    "by_code_system",
    "by_codes_per_note",
    "by_first_evidence",
    "by_label_frequency",
    "by_note_length",
    "range_names",
]

LENGTHS = (512, 4096, 8192)
"""The context lengths of BERT, Longformer and ModernBERT: upper ends of length and position groups."""

_CODES_PER_NOTE = (0, 5, 10, 20)
_TRAINING_NOTES = tuple(high for _, _, high in BUCKETS if high is not None)


def by_label_frequency(
    outcomes: Outcomes, train_counts: IntArray, ranks: IntArray | None = None
) -> dict[str, Any]:
    """Group labels by their number of training notes [labels]: 0, 1 to 5, 6 to 10, and so on.

    With the ranks of the gold pairs, from 0 [gold pairs], each group also has its recall at 10 and at 50.

    Raises
    ------
    ScoresError
        If ``train_counts`` is not one whole number per label.

    """
    check_train_counts(train_counts, outcomes.labels)
    groups = by_label(
        outcomes,
        np.searchsorted(_TRAINING_NOTES, train_counts),
        range_names(_TRAINING_NOTES, "training notes", 0),
        ranks,
    )
    return table("label_frequency", "By training frequency of the label", "labels", groups)


def by_chapter(outcomes: Outcomes, codes: Sequence[Code]) -> dict[str, Any]:
    """Group labels by the chapter of their code, or its section in ICD-10-PCS [labels]."""
    names = {code: chapter(code.value, code.system) or f"No chapter ({code.system.title})" for code in codes}
    return table("chapter", "By chapter", "labels", _by_name(outcomes, codes, names))


def by_code_system(outcomes: Outcomes, codes: Sequence[Code]) -> dict[str, Any]:
    """Group labels by their code system, which separates diagnoses from procedures [labels]."""
    names = {code: code.system.title for code in codes}
    return table("code_system", "By code system", "labels", _by_name(outcomes, codes, names))


def by_note_length(outcomes: Outcomes, lengths: IntArray, unit: str) -> dict[str, Any]:
    """Group notes by their length [notes] in ``words`` or ``tokens``."""
    groups = by_note(outcomes, np.searchsorted(LENGTHS, lengths), range_names(LENGTHS, unit, 1))
    return table(f"note_length_{unit}", f"By length of the note in {unit}", "notes", groups)


def by_codes_per_note(outcomes: Outcomes) -> dict[str, Any]:
    """Group notes by their number of codes."""
    group_of = np.searchsorted(_CODES_PER_NOTE, outcomes.codes_per_note())
    groups = by_note(outcomes, group_of, range_names(_CODES_PER_NOTE, "codes", 0))
    return table("codes_per_note", "By number of codes of the note", "notes", groups)


def by_first_evidence(
    outcomes: Outcomes, note: IntArray, label: IntArray, position: IntArray, unit: str
) -> dict[str, Any]:
    """Group the codes of notes by the position of their first evidence: does text so far into a note matter?

    Parameters
    ----------
    note, label
        The pairs that have evidence [evidence].
    position
        The word or token of the note in which the evidence begins, counted from 1 [evidence].
    unit
        ``words`` or ``tokens``.

    """
    names = [f"{name} in" for name in range_names(LENGTHS, unit, 1)]
    group_of = np.full(len(outcomes.note), len(names), dtype=np.int64)
    pairs = outcomes.note * outcomes.labels + outcomes.label
    wanted = note.astype(np.int64) * outcomes.labels + label
    place = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
    there = pairs[place] == wanted
    group_of[place[there]] = np.searchsorted(LENGTHS, position[there])
    groups = recall_by_code(outcomes, group_of, [*names, "without evidence"])
    return table(f"first_evidence_{unit}", f"By position of the first evidence in {unit}", "codes", groups)


def range_names(ends: Sequence[int], unit: str, first: int) -> list[str]:
    """Name the ranges that end at ``ends``, the first one starting at ``first``, and a last open one."""
    starts = [first, *(end + 1 for end in ends[:-1])]
    closed = [
        f"{start:,} {unit}" if start == end else f"{start:,} to {end:,} {unit}"
        for start, end in zip(starts, ends, strict=True)
    ]
    return [*closed, f"more than {ends[-1]:,} {unit}"]


def _by_name(outcomes: Outcomes, codes: Sequence[Code], names: dict[Code, str]) -> list[Group]:
    ordered = list(dict.fromkeys(names[code] for code in sorted(codes, key=lambda one: (one.system, one))))
    number = {name: position for position, name in enumerate(ordered)}
    group_of: NDArray[np.int64] = np.array([number[names[code]] for code in codes], dtype=np.int64)
    return by_label(outcomes, group_of, ordered)
