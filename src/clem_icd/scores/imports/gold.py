"""The gold codes that a file repeats, beside those of the corpus: where labels were mixed up, they differ."""

from __future__ import annotations

import numpy as np

from clem_icd.corpus import Corpus
from clem_icd.scores.imports.codes import Find
from clem_icd.scores.imports.foreign import ForeignCode, IntArray


def compare_gold(
    gold: tuple[frozenset[str], ...], rows: IntArray, labels: IntArray, find: Find, corpus: Corpus, split: str
) -> tuple[int, int]:
    """Return how many notes were compared, and in how many the codes differ on the labels of both.

    Parameters
    ----------
    gold
        The file's gold codes [notes of the file].
    rows
        Where its notes are in the split, -1 for nowhere [notes of the file].
    labels
        The labels of its columns, -1 for none [codes of the file].
    find
        Finds the labels of a code.

    """
    shared = frozenset(labels[labels >= 0].tolist())
    ours = corpus.label_indices(split)
    known = {text: find(ForeignCode(text)) for text in frozenset().union(*gold)}
    compared = np.flatnonzero(rows >= 0)
    different = sum(
        shared.intersection(place for text in gold[note] for place in known[text])
        != shared.intersection(ours[rows[note]].tolist())
        for note in compared
    )
    return len(compared), different
