"""Scores and a corpus with different label spaces, judged on the labels of the system."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clem_icd.corpus import Corpus
from clem_icd.errors import ScoresError
from clem_icd.icd import Code
from clem_icd.scores.file import Scores


@dataclass(frozen=True)
class Restricted:
    """Targets and scores on the labels that a system knows.

    Attributes
    ----------
    note_ids
        The notes that have one of the labels [notes].
    labels
        The label space of the system [labels].
    targets, values
        The gold codes as booleans, and the scores [notes, labels].
    unknown_labels
        Labels of the corpus that the system does not know.
    dropped_codes
        Gold codes that are left out, since the system does not know them.
    dropped_notes
        Notes that have no gold code left, or never had one.

    """

    note_ids: tuple[str, ...]
    labels: tuple[Code, ...]
    targets: npt.NDArray[np.bool_]
    values: npt.NDArray[np.float32]
    unknown_labels: int
    dropped_codes: int
    dropped_notes: int

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was left out, as a sentence; nothing if nothing was."""
        if not (self.unknown_labels or self.dropped_notes):
            return ()
        return (
            f"Judged on the {len(self.labels):,} labels that the system knows: left out are "
            f"{self.unknown_labels:,} labels of the corpus with {self.dropped_codes:,} gold codes, and "
            f"{self.dropped_notes:,} notes without a gold code that it knows. This flatters the system.",
        )


def known_labels(scores: Scores, corpus: Corpus, split: str) -> Restricted:
    """Restrict targets to the labels of the system, as Edin et al. (2024) judge on MDACE.

    Gold codes that the system does not know are removed, and notes left without any are dropped. A code
    that it gives and that the corpus does not have is wrong.

    Raises
    ------
    ScoresError
        If the notes are not those of the split, there is no common label, or no note has one.
    CorpusError
        If the corpus has no such split.

    """
    rows = np.array(scores.rows_of(corpus, split), np.int64)
    of_corpus = {code: place for place, code in enumerate(corpus.codes)}
    shared = [(place, of_corpus[label]) for place, label in enumerate(scores.labels) if label in of_corpus]
    gold = corpus.targets(split)
    targets = np.zeros((len(gold), len(scores.labels)), np.bool_)
    for place, column in shared:
        targets[:, place] = gold[:, column]
    kept = targets.any(axis=1)
    if not kept.any():
        found = (
            f"no note of {split} has one of the {len(shared):,} labels of both"
            if shared
            else "no label is common"
        )
        raise ScoresError(
            f"the scores and the corpus {corpus.name} cannot be compared: {found}",
            remedy="Name the corpus that the system is of, or one of the same code systems",
        )
    return Restricted(
        note_ids=tuple(np.array(scores.note_ids, object)[rows[kept]]),
        labels=scores.labels,
        targets=targets[kept],
        values=scores.values[rows[kept]],
        unknown_labels=len(corpus.codes) - len(shared),
        dropped_codes=int(gold.sum()) - int(targets.sum()),
        dropped_notes=int((~kept).sum()),
    )
