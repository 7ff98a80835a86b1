"""Faithfulness on scores that are known in closed form."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.errors import InputError
from clem_icd.explanation import (
    comprehensiveness,
    normalised_aopc,
    strict_comprehensiveness,
    strict_sufficiency,
    sufficiency,
)

MASK = 0
Ids = npt.NDArray[np.int64]


class Additive:
    """A probability to which each token adds its share unless masked; it records what was scored."""

    def __init__(self, shares: npt.ArrayLike) -> None:
        self.shares = np.asarray(shares, dtype=np.float64)
        self.scored: list[Ids] = []

    def __call__(self, ids: Ids) -> float:
        self.scored.append(ids.copy())
        return float(self.shares[ids != MASK].sum())


def words(count: int) -> tuple[Ids, list[list[int]]]:
    """Return an opening token, words of two tokens, and a closing token; and the words in text order."""
    ids = np.arange(1, 2 * count + 3)
    return ids, [[2 * word + 1, 2 * word + 2] for word in range(count)]


@pytest.mark.parametrize("count", [1, 2, 7, 30, 99, 100, 101, 150])
def test_50_steps_of_two_groups_as_the_publication_has_them(count: int) -> None:
    """Computed again with a mask per step: the best 0, 2 … 98; all but the best 100, 98 … 2."""
    random = np.random.default_rng(count)
    ids, groups = words(count)
    order = [groups[place] for place in random.permutation(count)]
    shares = np.concatenate([[0.01], random.random(2 * count) - 0.2, [0.01]])
    whole = shares.sum() + 10
    losses = [shares[group].sum() for group in order]

    def score(given: Ids) -> float:
        return float(10 + shares[given != MASK].sum())

    falls = [sum(losses[: 2 * step]) for step in range(50)]
    assert comprehensiveness(score, ids, order, MASK) == pytest.approx(np.mean(falls) / whole)
    best = min(100, count)
    falls = [max(0, sum(losses[max(best - 2 * step, 0) :])) for step in range(50)]
    assert sufficiency(score, ids, order, MASK) == pytest.approx(np.mean(falls) / whole)


def test_what_matters_first_is_comprehensive_and_sufficient() -> None:
    ids, groups = words(120)
    shares = np.zeros(len(ids))
    shares[groups[0]] = 0.4
    score = Additive(shares)
    assert comprehensiveness(score, ids, groups, MASK) == pytest.approx(49 / 50)
    assert sufficiency(score, ids, groups, MASK) == 0
    assert comprehensiveness(score, ids, groups[::-1], MASK) == 0
    assert sufficiency(score, ids, groups[::-1], MASK) == pytest.approx(1)


def test_special_tokens_and_the_original_are_left_alone() -> None:
    ids, groups = words(30)
    before = ids.copy()
    score = Additive(np.ones(len(ids)))
    comprehensiveness(score, ids, groups, MASK)
    sufficiency(score, ids, groups, MASK)
    assert (ids == before).all()
    for variant in score.scored:
        assert (variant[0], variant[-1]) == (ids[0], ids[-1])
    assert len(score.scored) == 50 + 51


def test_strict_steps_mask_some_groups_but_not_all() -> None:
    ids, groups = words(11)
    score = Additive(np.ones(len(ids)))
    strict_comprehensiveness(score, ids, groups, MASK)
    assert [int((variant == MASK).sum()) for variant in score.scored] == [0, 4, 8, 12, 16, 20]
    score.scored.clear()
    strict_sufficiency(score, ids, groups, MASK)
    assert [int((variant == MASK).sum()) for variant in score.scored] == [0, 18, 14, 10, 6, 2]


def test_a_perfect_explanation_of_a_short_note_is_perfect_only_in_the_strict_sense() -> None:
    ids, groups = words(10)
    shares = np.zeros(len(ids))
    shares[groups[3]] = 0.3
    order = [groups[3], *(group for group in groups if group != groups[3])]
    score = Additive(shares)
    assert strict_comprehensiveness(score, ids, order, MASK) == pytest.approx(1)
    assert comprehensiveness(score, ids, order, MASK) < 1
    assert strict_sufficiency(score, ids, order, MASK) == pytest.approx(0)
    # All 45 steps from the sixth on mask every word.
    assert sufficiency(score, ids, order, MASK) == pytest.approx(0.9)


def test_a_probability_that_rises_counts_as_0_unless_strict() -> None:
    ids, groups = words(120)
    shares = np.zeros(len(ids))
    shares[0] = 1
    shares[groups[110]] = -0.2
    score = Additive(shares)
    assert sufficiency(score, ids, groups, MASK) == 0
    assert strict_sufficiency(score, ids, groups, MASK) < 0


@pytest.mark.parametrize("function", [strict_comprehensiveness, strict_sufficiency])
def test_a_single_group_has_no_order(function: type) -> None:
    assert function(Additive([1, 1]), np.array([5, 6]), [[1]], MASK) == 0


def test_a_probability_of_0_has_nothing_to_lose() -> None:
    ids, groups = words(3)
    for function in (comprehensiveness, sufficiency):
        assert function(Additive(np.zeros(len(ids))), ids, groups, MASK) == 0


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 100_000), count=st.integers(2, 5))
def test_normalised_aopc_is_the_place_between_the_worst_and_the_best_of_all_orders(
    seed: int, count: int
) -> None:
    random = np.random.default_rng(seed)
    ids, groups = words(count)
    table = random.random(2 ** len(ids))

    def score(given: Ids) -> float:
        return float(table[sum(1 << place for place in np.flatnonzero(given == MASK))])

    def area(order: tuple[int, ...]) -> float:
        masked = ids.copy()
        total = 0.0
        for group in order:
            masked[groups[group]] = MASK
            total += score(ids) - score(masked)
        return total / count

    areas = {order: area(order) for order in permutations(range(count))}
    low, high = min(areas.values()), max(areas.values())
    for order, own in list(areas.items())[:6]:
        found = normalised_aopc(score, ids, [groups[place] for place in order], MASK, beam=10)
        assert found == pytest.approx((own - low) / (high - low))


def test_a_narrow_beam_stays_between_0_and_1_and_scores_no_subset_twice() -> None:
    random = np.random.default_rng(3)
    ids, groups = words(8)
    score = Additive(random.random(len(ids)))
    found = [normalised_aopc(score, ids, groups, MASK, beam=1)]
    assert len({tuple(variant) for variant in score.scored}) == len(score.scored) < 2**8
    order = sorted(groups, key=lambda group: -score.shares[group].sum())
    found += [normalised_aopc(score, ids, one, MASK, beam=1) for one in (order, order[::-1])]
    assert found[1:] == pytest.approx([1, 0])
    assert 0 < found[0] < 1


def test_an_order_that_makes_no_difference_is_in_the_middle() -> None:
    ids, groups = words(4)
    assert normalised_aopc(lambda given: 0.7, ids, groups, MASK) == 0.5


def test_no_groups_are_refused() -> None:
    with pytest.raises(InputError, match="0 groups and a beam of 5"):
        normalised_aopc(lambda given: 0.7, np.array([1, 2]), [], MASK)
