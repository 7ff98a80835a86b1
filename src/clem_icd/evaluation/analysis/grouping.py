"""Counting outcomes by group: groups of labels, of notes, or of codes in notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from clem_icd.decisions.arrays import BoolArray, IntArray, ratio
from clem_icd.evaluation.analysis.outcomes import Outcomes
from clem_icd.evaluation.ranking import recall_at

__all__ = ["Group", "by_label", "by_note", "recall_by_code", "table"]

Unit = Literal["labels", "notes", "codes"]


@dataclass(frozen=True)
class Group:
    """The outcomes of one group, counted.

    Attributes
    ----------
    name
        The name of the group, for readers.
    labels
        Number of labels in the group; if notes or codes were grouped, number of distinct codes among
        positives.
    notes
        Number of notes in the group; if labels or codes were grouped, number of notes with a positive.
    positives
        Number of pairs of a note and one of its codes.
    given
        Number of pairs of a note and a code that the system assigned; None if codes in notes were grouped.
    true_positives
        Number of pairs that are both.
    micro_precision, micro_f1
        TP / (TP + FP) and 2 TP / (2 TP + FP + FN), 0/0 = 0; None if ``given`` is None.
    micro_recall
        TP / (TP + FN), 0/0 = 0.
    macro_f1_split_labels
        Mean F1 of the group's labels with a positive in the split; None unless labels were grouped.
    recall_at_10, recall_at_50
        Share of the positives that are among the 10 and the 50 highest scores of their note, out of all
        labels; None where the ranks are not known.

    """

    name: str
    labels: int
    notes: int
    positives: int
    given: int | None
    true_positives: int
    micro_precision: float | None
    micro_recall: float
    micro_f1: float | None
    macro_f1_split_labels: float | None = None
    recall_at_10: float | None = None
    recall_at_50: float | None = None


def by_label(
    outcomes: Outcomes,
    group_of: NDArray[np.int64],
    names: Sequence[str],
    ranks: IntArray | None = None,
) -> list[Group]:
    """Group labels: label ``i`` belongs to group ``group_of[i]`` [labels].

    Groups without labels are omitted. ``ranks`` are those of the gold pairs, from 0 [gold pairs].
    """
    sizes = np.bincount(group_of, minlength=len(names))
    f1, carried = _label_f1(outcomes)
    groups = []
    for number in np.flatnonzero(sizes).tolist():
        inside = group_of == number
        group = _group(outcomes, inside[outcomes.label], names[number])
        own = f1[inside & carried]
        macro = float(own.mean()) if len(own) else 0.0
        group = replace(group, labels=int(sizes[number]), macro_f1_split_labels=macro)
        if ranks is not None:
            own_ranks = ranks[inside[outcomes.label[outcomes.gold]]]
            group = replace(
                group, recall_at_10=recall_at(10, own_ranks), recall_at_50=recall_at(50, own_ranks)
            )
        groups.append(group)
    return groups


def by_note(outcomes: Outcomes, group_of: NDArray[np.int64], names: Sequence[str]) -> list[Group]:
    """Group notes: note ``i`` belongs to group ``group_of[i]`` [notes].

    Groups without notes are omitted.
    """
    sizes = np.bincount(group_of, minlength=len(names))
    return [
        replace(_group(outcomes, group_of[outcomes.note] == number, names[number]), notes=int(sizes[number]))
        for number in np.flatnonzero(sizes).tolist()
    ]


def recall_by_code(outcomes: Outcomes, group_of: NDArray[np.int64], names: Sequence[str]) -> list[Group]:
    """Group the codes of notes: the pair ``outcomes.gold[i]`` belongs to group ``group_of[i]`` [pairs].

    A false positive belongs to no group, so only recall is known. Groups without codes are omitted; values of
    ``group_of`` for pairs that are not gold are ignored.
    """
    groups = []
    for number, name in enumerate(names):
        inside = outcomes.gold & (group_of == number)
        if inside.any():
            group = _group(outcomes, inside, name)
            groups.append(replace(group, given=None, micro_precision=None, micro_f1=None))
    return groups


def table(dimension: str, title: str, unit: Unit, groups: Sequence[Group], **more: Any) -> dict[str, Any]:
    """Return a dimension as stored in ``metrics.json``, omitting fields that are None."""
    rows = [{key: value for key, value in asdict(group).items() if value is not None} for group in groups]
    return {"dimension": dimension, "title": title, "unit": unit, "groups": rows, **more}


def _group(outcomes: Outcomes, inside: BoolArray, name: str) -> Group:
    gold, given = outcomes.gold & inside, outcomes.given & inside
    positives, predicted = int(gold.sum()), int(given.sum())
    hits = int((gold & given).sum())
    return Group(
        name,
        labels=len(np.unique(outcomes.label[gold])),
        notes=len(np.unique(outcomes.note[gold])),
        positives=positives,
        given=predicted,
        true_positives=hits,
        micro_precision=float(ratio(hits, predicted)),
        micro_recall=float(ratio(hits, positives)),
        micro_f1=float(ratio(2 * hits, predicted + positives)),
    )


def _label_f1(outcomes: Outcomes) -> tuple[NDArray[np.float64], BoolArray]:
    """Return the F1 of every label, and which labels have a positive [labels]."""

    def count(which: BoolArray) -> NDArray[np.int64]:
        return np.bincount(outcomes.label[which], minlength=outcomes.labels)

    positives = count(outcomes.gold)
    return ratio(2 * count(outcomes.hit), positives + count(outcomes.given)), positives > 0
