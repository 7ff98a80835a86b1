"""Matches the content of a file to a split: its notes, its codes and its scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from clem_icd.corpus import Corpus
from clem_icd.errors import ScoresError
from clem_icd.scores.imports.aligning import (
    check_columns,
    dense_rows,
    merge_entries,
    probability,
    sparse_rows,
)
from clem_icd.scores.imports.external import Dense, ExternalScores, FloatArray, IntArray, Sparse
from clem_icd.scores.imports.gold_check import compare_gold
from clem_icd.scores.imports.label_matching import (
    CamlFinder,
    Find,
    label_finder,
    match_codes,
    refuse_several_codes,
    refuse_unknown,
)
from clem_icd.scores.imports.note_matching import (
    NoteKey,
    NoteMatch,
    match_notes,
    refuse_missing_notes,
    refuse_unknown_notes,
)


@dataclass(frozen=True, slots=True)
class MatchedScores:
    """The content of a file, matched to a split of a corpus.

    Attributes
    ----------
    content
        The content of the file.
    corpus, split
        The corpus and its split.
    notes
        The notes of the file, matched to those of the split.
    labels
        The label of each code, -1 for none [codes].
    find
        Finds the possible labels of any other code.
    values
        The scores; sparse ones are already in the order of the split and the labels.

    """

    content: ExternalScores
    corpus: Corpus
    split: str
    notes: NoteMatch
    labels: IntArray
    find: Find
    values: Dense | Sparse

    def rows(self, *, logits: bool) -> Iterator[FloatArray]:
        """Yield the scores of each note of the split [labels]; from ``logits``, probabilities."""
        shape = len(self.notes.note_ids), len(self.corpus.codes)
        if isinstance(self.values, Sparse):
            scores = probability(self.values.values) if logits else self.values.values
            return sparse_rows(replace(self.values, values=scores), shape)
        transform = probability if logits else None
        return dense_rows(self.values, self.notes.rows, self.labels, shape, transform)

    def longest_list(self) -> int | None:
        """Return the largest number of scores of a note, or None if every note has all scores."""
        if isinstance(self.values, Dense):
            return None
        counts = np.bincount(self.values.notes, minlength=len(self.notes.note_ids))
        return None if (counts == len(self.corpus.codes)).all() else int(counts.max(initial=0))

    def labels_without_scores(self) -> int:
        """Return the number of labels of the corpus that the file never mentions."""
        return self._missing_from(self.labels)

    def unknown_labels(self) -> int | None:
        """Return the number of labels that the system cannot assign, None if the file does not show it."""
        listed = self.content.label_list
        if listed is None:
            return None
        return self._missing_from(match_codes(listed, self.corpus.codes, self.find).labels)

    def gold(self) -> tuple[int, int] | tuple[None, None]:
        """Return the number of notes whose gold codes were compared, and of those that differ."""
        gold = self.content.gold
        if gold is None:
            return None, None
        return compare_gold(gold, self.notes.rows, self.labels, self.find, self.corpus, self.split)

    def _missing_from(self, labels: IntArray) -> int:
        """Return the number of labels of the corpus that are missing from an array, where -1 is none."""
        return len(self.corpus.codes) - len(np.unique(labels[labels >= 0]))


def match_scores(
    content: ExternalScores,
    corpus: Corpus,
    split: str,
    *,
    by: NoteKey | None,
    caml: bool,
    zero_missing: bool,
    drop_unknown: bool,
) -> MatchedScores:
    """Match the content of a file to a split.

    Parameters
    ----------
    by
        The key by which the file names notes; None to detect it.
    caml
        Whether the file may hold codes as CAML writes them.
    zero_missing
        Admit notes of the split that are missing from the file.
    drop_unknown
        Drop notes that are not in the split and codes that are not labels.

    Raises
    ------
    ScoresError
        If the file is empty or does not match.

    """
    if not content.notes:
        raise ScoresError("has no records", remedy="Check that it is the right file")
    notes = match_notes(content.notes, corpus, split, by)
    find = CamlFinder(corpus.codes).find if caml else label_finder(content.codes, corpus.codes)
    codes = match_codes(content.codes, corpus.codes, find)
    refuse_several_codes(codes)
    # A file in which nothing matches is the wrong one, whatever may be dropped.
    if not drop_unknown or (notes.rows < 0).all():
        refuse_unknown_notes(notes, corpus, split)
    if not drop_unknown or (codes.labels < 0).all():
        refuse_unknown(codes, corpus.codes, corpus.name)
    if not zero_missing:
        refuse_missing_notes(notes, split)
    values = content.values
    if isinstance(values, Dense):
        check_columns(codes.labels, content.codes, corpus.codes)
    else:
        values = merge_entries(values, notes.rows, codes.labels, highest=caml)
    return MatchedScores(content, corpus, split, notes, codes.labels, find, values)
