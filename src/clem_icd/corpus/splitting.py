"""Dividing notes into splits so that no subject is in two of them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from clem_icd.corpus.schema import SPLITS
from clem_icd.errors import CorpusError


def split_by_subject(
    subjects: Sequence[str], *, validation: float = 0.1, test: float = 0.15, seed: int = 10
) -> dict[str, str]:
    """Assign every subject to a split, all of a subject's notes together.

    Subjects are shuffled by the seed and dealt to test, validation and train in turn until each
    share of the notes is reached, so shares are met up to one subject's notes. The result depends
    on the set of subjects, their numbers of notes and the seed, and not on the order of the notes.

    Parameters
    ----------
    subjects
        The subject of every note [notes]; a subject occurs once a note.
    validation, test
        Shares of the notes, between 0 and 1. A share of 0 makes no such split.

    Returns
    -------
    dict
        Subject to split.

    Raises
    ------
    CorpusError
        If the shares leave nothing for training, or a split that was asked for gets no subject.

    """
    if min(validation, test) < 0 or validation + test >= 1:
        raise CorpusError(
            f"shares of {validation} for validation and {test} for test leave nothing for training",
            remedy="Choose shares that sum to less than 1",
        )
    notes = Counter(subjects)
    order = sorted(notes)
    random.Random(seed).shuffle(order)
    assignment: dict[str, str] = {}
    for split, share in (("test", test), ("validation", validation)):
        wanted = round(share * len(subjects))
        while order and wanted > 0:
            subject = order.pop()
            assignment[subject] = split
            wanted -= notes[subject]
    assignment.update(dict.fromkeys(order, "train"))
    _require_all(assignment, validation=validation, test=test)
    return assignment


def _require_all(assignment: dict[str, str], *, validation: float, test: float) -> None:
    shares = {"train": 1.0, "validation": validation, "test": test}
    empty = [split for split in SPLITS if shares[split] > 0 and split not in assignment.values()]
    if empty:
        raise CorpusError(
            f"{len(assignment)} subjects are too few: no notes for {' and '.join(empty)}",
            remedy="Add notes, or set the share of that split to 0",
        )
