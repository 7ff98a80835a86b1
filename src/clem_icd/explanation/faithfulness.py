"""Faithfulness: how much the probability of a code depends on the tokens that an explanation ranks highest.

`comprehensiveness` and `sufficiency` are those of Edin et al. 2024. `strict_comprehensiveness` and
`strict_sufficiency` leave out the steps that say nothing about the order. None of the four can be compared
between models, whose probabilities fall by different amounts whatever is masked; `normalised_aopc` can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from clem_icd.errors import InputError

__all__ = [
    "comprehensiveness",
    "kept_counts",
    "masked_counts",
    "normalised_aopc",
    "relative_drop",
    "strict_comprehensiveness",
    "strict_counts",
    "strict_sufficiency",
    "sufficiency",
    "with_best",
    "without_best",
]

STEPS = 50
GROUPS_PER_STEP = 2
MOST = STEPS * GROUPS_PER_STEP
"""No step masks, or keeps, more than this many groups."""

Ids = npt.NDArray[np.int64]
Score = Callable[[Ids], float]
Order = Sequence[Sequence[int]]


def comprehensiveness(score: Score, tokens: npt.ArrayLike, order: Order, mask_id: int) -> float:
    """Return by how much the probability falls without the best groups; higher is better (Edin et al. 2024).

    It is the mean of (p - masked p) / p over 50 steps, of which step i masks the best 2 i groups, from 0 to
    98. Of fewer groups, the later steps mask all.

    Parameters
    ----------
    score
        Returns the probability of the code for the ids of a note [tokens].
    tokens
        The ids of the note [tokens].
    order
        Groups of positions in ``tokens``, such as the tokens of a word, from most to least important. Tokens
        in no group, such as special tokens, are never masked.
    mask_id
        The id that replaces masked tokens.

    Returns
    -------
    float
        At most 0.98, since the first step masks nothing; below 0 if the probability rises. 0 if p is 0.

    """
    ids = np.asarray(tokens)
    whole = score(ids)
    # The first step masks nothing.
    _, *counts = masked_counts(len(order))
    masked = [score(variant) for variant in without_best(ids, order, mask_id, counts)]
    return relative_drop(whole, [whole, *masked])


def sufficiency(score: Score, tokens: npt.ArrayLike, order: Order, mask_id: int) -> float:
    """Return by how much the probability falls with only the best groups; lower is better (Edin et al. 2024).

    It is the mean of (p - masked p) / p over 50 steps, of which step i keeps the best 100 - 2 i groups, from
    100 to 2; a rise counts as 0. Of n groups, fewer than 100, step i keeps the best n - 2 i, and the later
    steps keep none.

    Parameters
    ----------
    score, tokens, order, mask_id
        As for `comprehensiveness`.

    Returns
    -------
    float
        Between 0 and 1. 0 if p is 0.

    """
    ids = np.asarray(tokens)
    variants = with_best(ids, order, mask_id, kept_counts(len(order)))
    masked = [score(variant) for variant in variants]
    return relative_drop(score(ids), masked, clip=True)


def strict_comprehensiveness(score: Score, tokens: npt.ArrayLike, order: Order, mask_id: int) -> float:
    """Return `comprehensiveness` over the steps that mask some groups, but not all.

    Steps that mask nothing or everything have the same result for every order, and the shorter the note, the
    more such steps the original has.

    Parameters
    ----------
    score, tokens, order, mask_id
        As for `comprehensiveness`.

    Returns
    -------
    float
        At most 1. 0 if there is only one group.

    """
    ids = np.asarray(tokens)
    variants = without_best(ids, order, mask_id, strict_counts(len(order)))
    return relative_drop(score(ids), [score(variant) for variant in variants])


def strict_sufficiency(score: Score, tokens: npt.ArrayLike, order: Order, mask_id: int) -> float:
    """Return `sufficiency` over the steps that keep some groups, but not all; a rise counts as it is.

    Parameters
    ----------
    score, tokens, order, mask_id
        As for `comprehensiveness`.

    Returns
    -------
    float
        At most 1; below 0 if the probability is higher with the best groups alone. 0 if there is only one
        group.

    """
    ids = np.asarray(tokens)
    variants = with_best(ids, order, mask_id, strict_counts(len(order)))
    return relative_drop(score(ids), [score(variant) for variant in variants])


def normalised_aopc(
    score: Score, tokens: npt.ArrayLike, order: Order, mask_id: int, *, beam: int = 5
) -> float:
    """Return how good an order of groups is among all orders of the same groups (Edin et al. 2025).

    The area over the perturbation curve is the mean of p - masked p while the groups are masked one by one.
    It is scaled so that 0 is the worst and 1 the best order for this model and note, which makes models
    comparable. The worst and the best order are found by beam search, and exactly if the beam is at least as
    wide as there are subsets of one size: 70 for 8 groups.

    Parameters
    ----------
    score, tokens, order, mask_id
        As for `comprehensiveness`. Use a few large groups, such as sentences: up to 2 x beam x groups² / 2
        scores are computed, and never more than 2 to the power of groups.
    beam
        Number of subsets that a search keeps at each size.

    Returns
    -------
    float
        Between 0 and 1. 0.5 if the order makes no difference.

    Raises
    ------
    InputError
        If there are no groups, or the beam is less than 1.

    """
    if not len(order) or beam < 1:
        raise InputError(
            f"there are {len(order)} groups and a beam of {beam}, expected at least one of each",
            remedy="Pass the sentences of a note as groups",
        )
    ids = np.asarray(tokens)
    known: dict[int, float] = {}

    def masked(subset: int) -> float:
        """Return the probability without the groups whose bits are set."""
        if subset not in known:
            variant = ids.copy()
            for group in range(len(order)):
                if subset >> group & 1:
                    variant[list(order[group])] = mask_id
            known[subset] = score(variant)
        return known[subset]

    own = sum(masked((1 << size) - 1) for size in range(1, len(order) + 1))
    best = min(own, _lowest_sum(masked, len(order), beam))
    worst = max(own, -_lowest_sum(lambda subset: -masked(subset), len(order), beam))
    return 0.5 if worst == best else (worst - own) / (worst - best)


def without_best(ids: npt.ArrayLike, order: Order, mask_id: int, counts: Sequence[int]) -> Iterator[Ids]:
    """Yield the ids with the best groups masked, for each number of groups."""
    for count in counts:
        yield _masked(ids, order[:count], mask_id)


def with_best(ids: npt.ArrayLike, order: Order, mask_id: int, counts: Sequence[int]) -> Iterator[Ids]:
    """Yield the ids with all but the best groups masked, for each number of groups."""
    for count in counts:
        yield _masked(ids, order[count:], mask_id)


def masked_counts(groups: int) -> list[int]:
    """Return how many of the best groups each step of `comprehensiveness` masks [50]."""
    return [min(GROUPS_PER_STEP * step, groups) for step in range(STEPS)]


def kept_counts(groups: int) -> list[int]:
    """Return how many of the best groups each step of `sufficiency` keeps [50]."""
    return [max(min(MOST, groups) - GROUPS_PER_STEP * step, 0) for step in range(STEPS)]


def strict_counts(groups: int) -> range:
    """Return the numbers of groups that are masked or kept: 2, 4 … 100, without all of them.

    Of two groups, only the first is.
    """
    if groups <= GROUPS_PER_STEP:
        return range(1, groups)
    return range(GROUPS_PER_STEP, min(MOST + 1, groups), GROUPS_PER_STEP)


def relative_drop(whole: float, masked: Sequence[float], *, clip: bool = False) -> float:
    """Return the mean of (p - masked p) / p; 0 if p is 0 or nothing was masked.

    Parameters
    ----------
    clip
        Count a rise as 0.

    """
    if whole == 0 or not len(masked):
        return 0.0
    drops = whole - np.asarray(masked, dtype=np.float64)
    return float(np.mean(np.maximum(drops, 0) if clip else drops) / whole)


def _masked(ids: npt.ArrayLike, groups: Order, mask_id: int) -> Ids:
    variant: Ids = np.array(ids)
    for group in groups:
        variant[list(group)] = mask_id
    return variant


def _lowest_sum(value: Callable[[int], float], groups: int, beam: int) -> float:
    """Return the lowest sum of values along a chain of subsets that grow by one group at a time."""
    sums = {0: 0.0}
    for _ in range(groups):
        grown: dict[int, float] = {}
        for subset, total in sums.items():
            for group in range(groups):
                if not subset >> group & 1:
                    larger = subset | 1 << group
                    reached = total + value(larger)
                    grown[larger] = min(reached, grown.get(larger, reached))
        sums = dict(sorted(grown.items(), key=lambda one: one[1])[:beam])
    return min(sums.values())
