"""Label specificity: whether two codes of one note are supported by different words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations

__all__ = ["label_overlap"]


def label_overlap(evidence: Sequence[Collection[int]]) -> tuple[float, int]:
    """Return how much the evidence of the codes of one note overlaps.

    A method that marks the same words for every code explains none of them: its mean overlap is 1.

    Parameters
    ----------
    evidence
        The words of each code, by their positions in the text; codes without any are left out [codes].

    Returns
    -------
    tuple
        The sum of the Jaccard overlaps, intersection over union, of all pairs of codes; and the number of
        pairs.

    """
    marked = [frozenset(words) for words in evidence if words]
    overlaps = [len(one & other) / len(one | other) for one, other in combinations(marked, 2)]
    return float(sum(overlaps)), len(overlaps)
