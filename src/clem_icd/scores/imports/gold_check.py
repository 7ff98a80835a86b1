"""Comparison of the gold codes in a file with those of the corpus: they differ if labels were mixed up."""

from __future__ import annotations

import numpy as np

from clem_icd.corpus import Corpus
from clem_icd.scores.imports.external import ExternalCode, IntArray
from clem_icd.scores.imports.label_matching import Find


def compare_gold(
    gold: tuple[frozenset[str], ...], rows: IntArray, labels: IntArray, find: Find, corpus: Corpus, split: str
) -> tuple[int, int]:
    """Return the number of notes compared, and of notes whose codes differ on shared labels.

    Parameters
    ----------
    gold
        The gold codes in the file [notes of the file].
    rows
        The row of each note in the split, -1 for none [notes of the file].
    labels
        The label of each code of the file, -1 for none [codes of the file].
    find
        Finds the possible labels of a code.

    """
    shared = frozenset(labels[labels >= 0].tolist())
    ours = corpus.label_indices(split)
    known = {text: find(ExternalCode(text)) for text in frozenset().union(*gold)}
    compared = np.flatnonzero(rows >= 0)
    different = sum(
        shared.intersection(place for text in gold[note] for place in known[text])
        != shared.intersection(ours[rows[note]].tolist())
        for note in compared
    )
    return len(compared), different
