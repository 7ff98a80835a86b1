"""Reliability curves and calibration errors, compared with a loop over all pairs."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from clem_icd.decisions import arrays as own_arrays
from clem_icd.errors import ScoresError
from clem_icd.evaluation.calibration import Calibration, reliability

Pairs = list[tuple[bool, float]]
numbers = st.one_of(st.sampled_from([0.0, 0.01, 0.1, 0.2, 0.25, 0.5, 0.75, 1.0]), st.floats(0, 1, width=32))


def error(pairs: Pairs, edges: list[float]) -> float:
    """Return the expected calibration error as defined in the papers."""
    total = 0.0
    for number, (low, high) in enumerate(pairwise(edges)):
        inside = [pair for pair in pairs if (number == 0 or pair[1] > np.float32(low))]
        inside = [pair for pair in inside if number == len(edges) - 2 or pair[1] <= np.float32(high)]
        if inside:
            share, mean = np.mean([true for true, _ in inside]), np.mean([score for _, score in inside])
            total += len(inside) / len(pairs) * abs(float(share - mean))
    return total


@settings(max_examples=60, deadline=None)
@given(data=st.data(), bins=st.sampled_from([1, 4, 10]), equal_mass=st.booleans())
def test_reliability_equals_a_loop_over_all_pairs(data: st.DataObject, bins: int, equal_mass: bool) -> None:
    shape = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 6)))
    targets = data.draw(arrays.arrays(np.bool_, shape))
    scores = data.draw(arrays.arrays(np.float32, shape, elements=numbers))
    found = reliability(targets, scores, bins=bins, equal_mass=equal_mass)
    pairs = [(bool(true), float(score)) for true, score in zip(targets.flat, scores.flat, strict=True)]
    likely = [pair for pair in pairs if pair[1] > np.float32(0.01)]
    edges = [one.low for one in found.bins] + [1.0]

    assert found.ece == pytest.approx(error(pairs, edges), abs=1e-9)
    assert found.ece_above_floor == pytest.approx(error(likely, edges) if likely else 0, abs=1e-9)
    assert found.pairs_above_floor == len(likely)
    assert found.brier == pytest.approx(np.mean([(score - true) ** 2 for true, score in pairs]))
    assert found.expected_codes == pytest.approx(scores.sum(axis=1).mean(), abs=1e-6)
    assert found.codes == pytest.approx(targets.sum(axis=1).mean())
    assert sum(one.count for one in found.bins) == len(pairs)
    assert sum(one.count * one.share_positive for one in found.bins) == pytest.approx(targets.sum())


def test_reliability_by_hand() -> None:
    targets = np.array([[True, False, False, False], [True, True, False, False]])
    scores = np.array([[0.9, 0.3, 0.0, 0.0], [0.7, 0.1, 0.0, 0.0]])
    found = reliability(targets, scores, bins=2)
    assert [(one.low, one.high, one.count) for one in found.bins] == [(0.0, 0.5, 6), (0.5, 1.0, 2)]
    assert [one.share_positive for one in found.bins] == pytest.approx([1 / 6, 1])
    assert [one.mean_score for one in found.bins] == pytest.approx([0.4 / 6, 0.8])
    # Over all pairs, the four zeros dilute the error of the other four scores.
    assert found.ece == pytest.approx((0.6 + 0.4) / 8)
    assert found.ece_above_floor == pytest.approx((0.6 + 0.4) / 4)
    assert found.brier == pytest.approx((0.01 + 0.09 + 0.09 + 0.81) / 8)


def test_a_score_on_an_edge_is_in_the_bin_below() -> None:
    scores = np.array([[0.1, 0.3, 0.7, 1.0]], dtype=np.float32)
    found = reliability(np.ones((1, 4), dtype=np.bool_), scores)
    assert [number for number, one in enumerate(found.bins) if one.count] == [0, 2, 6, 9]
    assert [one.low for one in found.bins] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]


def skewed() -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    random = np.random.default_rng(0)
    scores = (random.random((300, 100)) ** 8).astype(np.float32)
    return random.random(scores.shape) < scores, scores


def test_calibrated_probabilities_have_a_small_error() -> None:
    targets, scores = skewed()
    assert reliability(targets, scores).ece_above_floor < 0.01
    assert reliability(targets, np.sqrt(scores)).ece_above_floor > 0.1


def test_bins_of_equal_mass_have_about_equally_many_pairs() -> None:
    found = reliability(*skewed(), equal_mass=True)
    first, *others = [one.count for one in found.bins]
    assert len(others) == 9
    assert found.bins[0].high == 0.01
    assert first == 30_000 - found.pairs_above_floor
    assert max(others) < 1.1 * min(others)


def test_many_equal_scores_make_fewer_bins_of_equal_mass() -> None:
    scores = np.full((4, 5), 0.5, dtype=np.float32)
    found = reliability(np.ones((4, 5), dtype=np.bool_), scores, equal_mass=True)
    assert [one.count for one in found.bins if one.count] == [20]
    assert found.ece == 0.5


def test_json_omits_empty_bins() -> None:
    found: Calibration = reliability(
        np.array([[True, False]]), np.array([[0.95, 0.05]], dtype=np.float32), bins=10
    )
    value = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert [one["low"] for one in value["bins"]] == [0.0, 0.9]
    assert value["bins"][1].keys() == {"low", "high", "count", "mean_score", "share_positive"}
    assert value["ece"] == pytest.approx(0.05)
    assert value["floor"] == 0.01


def test_calibration_does_not_depend_on_the_chunk_size(monkeypatch: pytest.MonkeyPatch) -> None:
    targets, scores = skewed()
    whole = [reliability(targets, scores, equal_mass=mass) for mass in (False, True)]
    monkeypatch.setattr(own_arrays, "_CELLS_PER_CHUNK", 700)
    for before, mass in zip(whole, (False, True), strict=True):
        after = reliability(targets, scores, equal_mass=mass)
        assert [one.count for one in after.bins] == [one.count for one in before.bins]
        assert (after.ece, after.ece_above_floor, after.brier) == pytest.approx(
            (before.ece, before.ece_above_floor, before.brier), rel=1e-12
        )


def test_scores_above_one_are_refused() -> None:
    with pytest.raises(ScoresError, match=r"range from 0\.5 to 1\.5"):
        reliability(np.array([[True, False]]), np.array([[0.5, 1.5]]))
