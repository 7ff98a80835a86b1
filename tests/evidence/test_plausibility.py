"""Token plausibility: closed forms, and an independent, slow computation from the definitions."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clem_icd.errors import InputError
from clem_icd.evidence import (
    normalised_entropy,
    strict_plausibility,
    token_plausibility,
    tuned_threshold,
)

CUTOFFS = (1, 5, 10, 50, 100)
Weights = list[npt.NDArray[np.float64]]
Marked = list[npt.NDArray[np.int64]]


def drawn(seed: int) -> tuple[Weights, Marked]:
    """Draw pairs with few and many tokens, weights of 0, and evidence of one or more spans."""
    random = np.random.default_rng(seed)
    weights, evidence = [], []
    for _ in range(random.integers(1, 6)):
        tokens = int(random.integers(2, 140))
        own = random.dirichlet(np.full(tokens, 0.2))
        weights.append(own / own.sum())
        count = int(random.integers(1, min(tokens, 12) + 1))
        evidence.append(np.sort(random.choice(tokens, count, replace=False)))
    return weights, evidence


def runs(marked: list[int]) -> list[list[int]]:
    found: list[list[int]] = []
    for position in marked:
        if found and position == found[-1][-1] + 1:
            found[-1].append(position)
        else:
            found.append([position])
    return found


def f1_at(weights: Weights, evidence: Marked, threshold: float) -> tuple[float, float, float]:
    hits = wrong = missed = 0
    for own, marked in zip(weights, evidence, strict=True):
        predicted = {place for place, weight in enumerate(own) if weight > threshold}
        hits += len(predicted & set(marked.tolist()))
        wrong += len(predicted - set(marked.tolist()))
        missed += len(set(marked.tolist()) - predicted)
    precision = hits / (hits + wrong + 1e-11)
    recall = hits / (hits + missed + 1e-11)
    return precision, recall, 2 * precision * recall / (precision + recall + 1e-11)


def slowly(weights: Weights, evidence: Marked, threshold: float) -> dict[str, float]:
    """Compute every value from sets and loops, one pair at a time."""
    precision, recall, f1 = f1_at(weights, evidence, threshold)
    curve = [f1_at(weights, evidence, cut / 100)[:2] for cut in range(101)]
    area = sum((one[1] - other[1]) * (one[0] + other[0]) / 2 for one, other in pairwise(curve))
    span_recall, cover, iou, divergence, empty, predicted_tokens = [], [], [], [], [], []
    hits_at, marked_tokens = dict.fromkeys(CUTOFFS, 0), 0
    for own, positions in zip(weights, evidence, strict=True):
        marked = positions.tolist()
        predicted = {place for place, weight in enumerate(own) if weight > threshold}
        hit = [run for run in runs(marked) if predicted & set(run)]
        span_recall.append(len(hit) / len(runs(marked)))
        covered = sum(len(predicted & set(run)) for run in hit)
        cover.append(covered / sum(map(len, hit)) if hit else 0)
        best = sorted(range(len(own)), key=lambda place: -own[place])
        top = set(best[: len(marked)])
        iou.append(len(top & set(marked)) / len(top | set(marked)))
        share = 1 / len(marked)
        divergence.append(sum(share * math.log((share + 1e-11) / (own[place] + 1e-11)) for place in marked))
        empty.append(max(own) < threshold)
        predicted_tokens.append(len(predicted))
        marked_tokens += len(marked)
        for k in CUTOFFS:
            hits_at[k] += len(set(best[:k]) & set(marked))
    return {
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "auprc": area,
        "empty": float(np.mean(empty)),
        "span_recall": float(np.mean(span_recall)),
        "cover": float(np.mean(cover)),
        "iou": float(np.mean(iou)),
        "kl": float(np.mean(divergence)),
        "mean_predicted_tokens": float(np.mean(predicted_tokens)),
        **{f"precision_at_{k}": hits / (k * len(weights)) for k, hits in hits_at.items()},
        **{f"recall_at_{k}": hits / marked_tokens for k, hits in hits_at.items()},
    }


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 100_000), threshold=st.sampled_from([0.0, 0.003, 0.02, 0.1, 0.5]))
def test_values_equal_a_slow_computation_from_the_definitions(seed: int, threshold: float) -> None:
    weights, evidence = drawn(seed)
    found = token_plausibility(weights, evidence, threshold)
    assert found == pytest.approx(slowly(weights, evidence, threshold), abs=1e-9)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_the_tuned_threshold_is_the_first_with_the_highest_f1(seed: int) -> None:
    weights, evidence = drawn(seed)
    cuts = [cut / 1000 for cut in range(101)]
    scores = [f1_at(weights, evidence, cut)[2] for cut in cuts]
    assert tuned_threshold(weights, evidence) == pytest.approx(cuts[int(np.argmax(scores))])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_the_order_of_pairs_does_not_matter(seed: int) -> None:
    weights, evidence = drawn(seed)
    turned = token_plausibility(weights[::-1], evidence[::-1], 0.02)
    assert turned == pytest.approx(token_plausibility(weights, evidence, 0.02))


def test_values_of_one_pair_by_hand() -> None:
    """Spans 1-2 and 4; token 1 is predicted and marked, token 3 predicted and not."""
    found = token_plausibility([[0.0, 0.4, 0.1, 0.3, 0.2]], [[1, 2, 4]], 0.25)
    assert found["precision"] == pytest.approx(1 / 2)
    assert found["recall"] == pytest.approx(1 / 3)
    assert found["f1"] == pytest.approx(0.4)
    assert found["span_recall"] == pytest.approx(1 / 2)
    assert found["cover"] == pytest.approx(1 / 2)
    # The three best tokens are 1, 3 and 4.
    assert found["iou"] == pytest.approx(2 / 4)
    assert found["kl"] == pytest.approx(sum(math.log(1 / 3 / w) for w in (0.4, 0.1, 0.2)) / 3)
    assert found["mean_predicted_tokens"] == 2
    assert found["precision_at_1"] == 1
    # Five tokens, and the denominator is k all the same.
    assert found["precision_at_10"] == 3 / 10
    assert found["recall_at_5"] == 1


def test_weights_on_the_evidence_alone_are_perfect() -> None:
    weights, evidence = [[0.0, 0.5, 0.5], [1.0, 0.0]], [[1, 2], [0]]
    found = token_plausibility(weights, evidence, 0.1)
    for name in ("precision", "recall", "f1", "span_recall", "cover", "iou"):
        assert found[name] == pytest.approx(1)
    assert found["empty"] == 0
    assert found["kl"] == pytest.approx(0, abs=1e-9)
    # Recall ends at 1/3, with precision 1, and then falls to 0 with precision 0.
    assert found["auprc"] == pytest.approx(2 / 3 + 1 / 3 / 2)


def test_nothing_above_the_threshold_scores_0() -> None:
    found = token_plausibility([[0.5, 0.5]], [[0]], 0.9)
    assert found["empty"] == 1
    for name in ("precision", "recall", "f1", "span_recall", "cover", "mean_predicted_tokens"):
        assert found[name] == 0


def test_a_highest_weight_that_equals_the_threshold_is_empty_only_in_the_strict_sense() -> None:
    arguments: Any = ([[0.5, 0.5]], [[0]], 0.5)
    assert token_plausibility(*arguments)["empty"] == 0
    assert token_plausibility(*arguments)["mean_predicted_tokens"] == 0
    assert strict_plausibility(*arguments)["strict_empty"] == 1


def test_repeated_positions_count_in_denominators_unless_strict() -> None:
    weights = [[0.1, 0.6, 0.3]]
    once, twice = (token_plausibility(weights, [marked], 0.2) for marked in ([1, 2], [1, 1, 2]))
    assert once["recall_at_5"] == 1
    assert twice["recall_at_5"] == pytest.approx(2 / 3)
    assert twice["f1"] == once["f1"]
    assert strict_plausibility(weights, [[1, 1, 2]], 0.2) == strict_plausibility(weights, [[1, 2]], 0.2)


def test_average_precision_sees_weights_between_two_cuts() -> None:
    """Every weight is below 0.01, so the area under 101 cuts has a single point."""
    own = np.linspace(0.001, 0.009, 200)
    own /= own.sum()
    assert own.max() < 0.01
    best, worst = [[199, 198]], [[0, 1]]
    assert token_plausibility([own], best, 0)["auprc"] == token_plausibility([own], worst, 0)["auprc"]
    assert strict_plausibility([own], best, 0)["average_precision"] == pytest.approx(1)
    assert strict_plausibility([own], worst, 0)["average_precision"] < 0.02


def test_average_precision_of_equal_weights_is_the_share_of_marked_tokens() -> None:
    found = strict_plausibility([[0.25] * 4, [0.25] * 4], [[0], [1, 2]], 0.1)
    assert found["average_precision"] == pytest.approx(3 / 8)
    assert found["strict_precision_at_100"] == pytest.approx(3 / 8)
    assert found["zero"] == 0


def test_entropy_is_1_for_equal_weights_and_0_for_one_token() -> None:
    found = normalised_entropy([[0.25] * 4, [0, 1, 0], [0.5, 0.5, 0, 0], [1.0], [0, 0]])
    np.testing.assert_allclose(found, [1, 0, 0.5, 0, 0], atol=1e-9)


@pytest.mark.parametrize(
    ("weights", "evidence", "says"),
    [
        ([], [], "no pairs"),
        ([[1.0]], [], "weights of 1 pairs and evidence of 0"),
        ([[0.5, 0.5]], [[]], "pair 0 has 2 tokens and marked positions none"),
        ([[1.0], [0.5, 0.5]], [[0], [2]], "pair 1 has 2 tokens and marked positions 2 to 2"),
        ([[0.5, 0.5]], [[-1]], "marked positions -1 to -1"),
        ([[1.0], [np.nan, 0.5]], [[0], [1]], "pair 1 has 1 weights that are not finite"),
        ([[np.inf, np.nan]], [[1]], "pair 0 has 2 weights that are not finite"),
    ],
)
def test_pairs_that_do_not_fit_are_refused(weights: Any, evidence: Any, says: str) -> None:
    for function in (token_plausibility, strict_plausibility):
        with pytest.raises(InputError, match=says):
            function(weights, evidence, 0.1)
    with pytest.raises(InputError, match=says):
        tuned_threshold(weights, evidence)
