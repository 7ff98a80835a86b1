"""Restriction to the labels that a system knows, or of ranked scores to the labels of a corpus."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from clem_icd.corpus import Corpus
from clem_icd.errors import ScoresError
from clem_icd.icd import Code
from clem_icd.scores.file import Scores
from clem_icd.scores.opening import AnyScores
from clem_icd.scores.ranked import RankedScores


@dataclass(frozen=True)
class Restricted:
    """Targets and scores for the labels that a system knows.

    Attributes
    ----------
    note_ids
        The notes that have at least one of the labels [notes].
    labels
        The label space of the system [labels].
    targets, values
        The gold codes (boolean), and the scores [notes, labels].
    unknown_labels
        Number of labels of the corpus that the system does not know.
    dropped_codes
        Number of gold codes left out because the system does not know them.
    dropped_notes
        Number of notes left out because they have no gold code that the system knows.

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
        """A sentence on what was left out; empty if nothing was."""
        if not (self.unknown_labels or self.dropped_notes):
            return ()
        return (
            f"Evaluated only on the {len(self.labels):,} labels that the system knows, which favours the "
            f"system: {self.unknown_labels:,} labels of the corpus with {self.dropped_codes:,} gold codes, "
            f"and {self.dropped_notes:,} notes without a gold code that it knows, were left out.",
        )


def known_labels(scores: AnyScores, corpus: Corpus, split: str) -> Restricted:
    """Restrict the targets of a split to the labels of the system, as Edin et al. (2024) do on MDACE.

    Gold codes that the system does not know are removed, and notes left without any are dropped. A label of
    the system that the corpus lacks has no positives, so assigning it is always wrong.

    Raises
    ------
    ScoresError
        If the notes differ from those of the split, no label is shared, no note has a shared label, or the
        scores list only the best codes of each note.
    CorpusError
        If the corpus has no such split.

    """
    if isinstance(scores, RankedScores):
        raise ScoresError(
            f"the scores list the best of {scores.space.size:,} codes for each note, expected a score for "
            "every code that the system knows",
            remedy="Evaluate on all codes: one that is not listed counts as missed",
        )
    rows = np.array(scores.rows_of(corpus, split), np.int64)
    corpus_column = {code: place for place, code in enumerate(corpus.codes)}
    shared = [
        (place, corpus_column[label]) for place, label in enumerate(scores.labels) if label in corpus_column
    ]
    gold = corpus.targets(split)
    targets = np.zeros((len(gold), len(scores.labels)), np.bool_)
    for place, column in shared:
        targets[:, place] = gold[:, column]
    kept = targets.any(axis=1)
    if not kept.any():
        found = (
            f"no note of {split} has one of the {len(shared):,} shared labels"
            if shared
            else "they share no label"
        )
        raise ScoresError(
            f"the scores and the corpus {corpus.name} cannot be compared: {found}",
            remedy="Name the corpus that the system was trained on, or one with the same code systems",
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


def corpus_labels(scores: RankedScores, corpus: Corpus) -> Scores:
    """Restrict ranked scores to the labels of a corpus, as if the system ranked no others.

    The result has a score for every label, and is evaluated like the scores of any system for this corpus. It
    holds a warning about what was left out.

    Raises
    ------
    ScoresError
        If the scores do not fit into memory.

    """
    only = scores.only(corpus.codes)
    left_out = len(set(scores.labels).difference(corpus.codes))
    warning = (
        f"Restricted to the {len(corpus.codes):,} labels of the corpus {corpus.name}, which favours the "
        f"system: it ranks {scores.space.size:,} codes of {scores.space.name}, and {left_out:,} codes that "
        "it listed and the corpus lacks were left out."
    )
    origin = {"name": scores.space.name, "size": scores.space.size, "top": scores.space.top}
    about = {**scores.about, "warnings": [*scores.warnings, warning], "restricted_from": origin}
    return replace(only, about=about)
